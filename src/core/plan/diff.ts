import { byText } from "../base/order.ts";
import { type ChangedLine, changedLines, type Difference, placesOf } from "./because.ts";
import type { Action, Manifest, ServiceSpec } from "./types.ts";

/** What concerns neither a running process nor the way it is watched. */
const IGNORED: ReadonlySet<keyof ServiceSpec> = new Set([
  "because",
  "environments",
  "env",
  "instances",
  "reads",
  "onChange",
]);
const NOTHING: Manifest = { id: "", files: {}, environments: {}, services: {} };
const NO_DIFFERENCE: Difference = { fields: [], variables: [], files: [] };
/** What makes a service be there or not. */
const EXISTENCE: Difference = { ...NO_DIFFERENCE, fields: ["argv", "instances"] };

/**
 * When an action has its turn: what is new serves before a proxy's reload sends it requests, and what goes away is stopped
 * after that reload. Within a turn lower tiers go first, and stop last.
 */
const TURN = { start: 0, more: 1, swap: 2, restart: 3, reload: 4, fewer: 5, stop: 6 } as const;

interface Turned {
  readonly action: Action;
  readonly turn: number;
  readonly tier: number;
}

/** The least work that turns what `before` describes into what `after` describes. */
export function diff(before: Manifest | undefined, after: Manifest): readonly Action[] {
  const old = before ?? NOTHING;
  const changed = changedEnvironments(old, after);
  const lines = changedLines(old.sources, after.sources);
  const turned = Object.values(after.services).flatMap((spec) => actionsFor(spec, old, after, changed, lines));
  for (const spec of Object.values(old.services)) {
    if (after.services[spec.id] !== undefined) continue;
    const because = ["gone", ...placesOf({ ...spec, because: [] }, EXISTENCE, lines)];
    turned.push({ action: { do: "stop", service: spec.id, because }, turn: TURN.stop, tier: -spec.tier });
  }
  turned.sort((a, b) => a.turn - b.turn || a.tier - b.tier || byText(a.action.service, b.action.service));
  return turned.map(({ action }) => action);
}

function actionsFor(
  spec: ServiceSpec,
  before: Manifest,
  after: Manifest,
  environments: ReadonlySet<string>,
  lines: readonly ChangedLine[],
): Turned[] {
  const old = before.services[spec.id];
  if (old === undefined) return [turn("start", TURN.start, spec, ["new"], EXISTENCE, lines)];
  const fields = changedKeys(old, spec);
  const variables = changedVariables(old, before, spec, after, environments);
  const files = changedFiles(old, before, spec, after);
  const different = { fields, variables, files };
  const actions: Turned[] = [];
  if (fields.length + variables.length > 0) {
    const how = spec.socket === undefined ? "restart" : "swap";
    return [turn(how, TURN[how], spec, [...fields, ...variables, ...files], different, lines)];
  }
  if (files.length > 0) {
    const how = spec.onChange === "swap" && spec.socket === undefined ? "restart" : spec.onChange;
    actions.push(turn(how, TURN[how], spec, files, different, lines));
  }
  if (old.instances !== spec.instances) {
    const when = spec.instances > old.instances ? TURN.more : TURN.fewer;
    const why = [`instances ${old.instances} -> ${spec.instances}`];
    actions.push(turn("scale", when, spec, why, { ...NO_DIFFERENCE, fields: ["instances"] }, lines));
  }
  return actions;
}

function turn(
  what: Action["do"],
  when: number,
  spec: ServiceSpec,
  reasons: readonly string[],
  different: Difference,
  lines: readonly ChangedLine[],
): Turned {
  const because = [...new Set([...reasons, ...placesOf(spec, different, lines)])];
  return { action: { do: what, service: spec.id, because }, turn: when, tier: spec.tier };
}

/** Names the fields of a spec that differ. */
function changedKeys(old: ServiceSpec, spec: ServiceSpec): string[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(spec)] as (keyof ServiceSpec)[]);
  return [...keys].filter((key) => !IGNORED.has(key) && !same(old[key], spec[key])).sort(byText);
}

/** Names the variables whose value, as the process sees it, differs. */
function changedVariables(
  old: ServiceSpec,
  before: Manifest,
  spec: ServiceSpec,
  after: Manifest,
  environments: ReadonlySet<string>,
): string[] {
  const untouched =
    same(old.environments, spec.environments) && !spec.environments.some((name) => environments.has(name));
  if (untouched && same(old.env, spec.env)) return [];
  const was = merged(old, before);
  const is = merged(spec, after);
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].filter((name) => was[name] !== is[name]).sort(byText);
}

function changedFiles(old: ServiceSpec, before: Manifest, spec: ServiceSpec, after: Manifest): string[] {
  const paths = new Set([...old.reads, ...spec.reads]);
  return [...paths].filter((path) => before.files[path] !== after.files[path]).sort(byText);
}

function changedEnvironments(before: Manifest, after: Manifest): ReadonlySet<string> {
  const names = Object.keys(after.environments);
  return new Set(names.filter((name) => !same(before.environments[name], after.environments[name])));
}

function merged(spec: ServiceSpec, manifest: Manifest): Readonly<Record<string, string>> {
  return Object.assign({}, ...spec.environments.map((name) => manifest.environments[name] ?? {}), spec.env);
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
