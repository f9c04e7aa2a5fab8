import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import { type RuntimeLayout, runtimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { digestOf } from "../../core/plan/digest.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { manifestOf } from "../../core/plan/manifest.ts";
import { plan } from "../../core/plan/plan.ts";
import { runnable } from "../../core/plan/services.ts";
import type { Action, Manifest, Plan } from "../../core/plan/types.ts";
import type { Supervisor } from "../supervisor.ts";
import { checkStaged } from "./check.ts";
import { currentManifest, prune, stage, switchTo, switchToNone } from "./generations.ts";
import type { LastApply, Outcome } from "./outcome.ts";
import { type Failure, perform, performAll, performInOrder, undo } from "./perform.ts";
import { proveNginx } from "./prove.ts";

/** The caller of an apply may be conf_monitor itself, so whatever concerns it comes when all else is done. */
const MONITOR = "conf_monitor";
const NOTHING: Manifest = { id: "", files: {}, environments: {}, services: {} };

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Absent while the module is stopped: then only the tree is switched. */
  readonly supervisor?: Supervisor;
  /** Failed starts of earlier applies; a plugin whose services are unchanged is not tried again. */
  readonly failedStarts: LastApply["failedStarts"];
}

/** What an attempt needs to know all the way. */
interface Attempt {
  readonly layout: RuntimeLayout;
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly next: Manifest;
  /** What runs now, as the generation in force describes it. */
  readonly before: Manifest;
  readonly current: Manifest | undefined;
}

/**
 * Makes the machine match the input: plan, stage, check, start what is new, switch, reload, prove, stop what is old.
 * A new plugin that does not start is left out and the rest goes on; any other failure undoes everything in reverse.
 */
export async function apply(
  input: PlanInput,
  options: ApplyOptions,
): Promise<Outcome & { failedStarts: LastApply["failedStarts"] }> {
  const leftOut = new Map<string, readonly Diagnostic[]>();
  const failedStarts: Record<string, string> = {};
  for (;;) {
    const plugins = input.plugins.filter((plugin) => !leftOut.has(plugin.name));
    const planned = plan({ ...input, plugins });
    const notes = [...planned.notes, ...[...leftOut.values()].flat()];
    const layout = runtimeLayout(input.paths.runtime);
    const current = await currentManifest(layout);
    const names = (): string[] => [...new Set([...leftOut.keys(), ...leftOutBy(planned.notes)])].sort();
    if (!planned.ok)
      return { did: "refused", generation: current?.id, actions: [], notes, leftOut: names(), failedStarts };

    const known = knownFailures(planned.value, options.failedStarts);
    if (known.size > 0) {
      for (const [name, digest] of known) {
        failedStarts[name] = digest;
        leftOut.set(name, [stillFailing(name)]);
      }
      continue;
    }
    const before = await observe(current, options.supervisor);
    const attempt = { layout, input, plan: planned.value, next: manifestOf(planned.value), before, current };
    const tried = await tryAttempt(attempt, options);
    if (tried.newcomers === undefined) {
      return { ...tried.outcome, notes: [...notes, ...tried.outcome.notes], leftOut: names(), failedStarts };
    }
    for (const [name, failure] of tried.newcomers) {
      failedStarts[name] = pluginDigest(planned.value, name);
      leftOut.set(name, failure);
    }
  }
}

type Tried =
  | { readonly newcomers: ReadonlyMap<string, readonly Diagnostic[]> }
  | { readonly newcomers?: undefined; readonly outcome: Omit<Outcome, "leftOut"> };

async function tryAttempt(attempt: Attempt, options: ApplyOptions): Promise<Tried> {
  const { layout, next, before, current } = attempt;
  const actions = diff(before, next);
  if (actions.length === 0 && current?.id === next.id) return ended("nothing", next.id, actions, []);
  const home = await stage(layout, attempt.plan);
  const refusals = await checkStaged(home, attempt.plan, attempt.input.programs, layout);
  if (hasErrors(refusals)) return ended("refused", current?.id, [], refusals);
  if (options.dryRun) return ended("would apply", current?.id, actions, refusals);
  if (options.supervisor === undefined) {
    await switchTo(layout, next.id);
    await prune(layout, [next.id]);
    return ended("applied", next.id, [], refusals);
  }
  return transact(attempt, actions, options.supervisor);
}

/** The part that touches running services; every step knows how to be undone. */
async function transact(attempt: Attempt, actions: readonly Action[], supervisor: Supervisor): Promise<Tried> {
  const { layout, next, before, current } = attempt;
  const ordered = inTierOrder(actions, next);
  const of = (test: (action: Action) => boolean): Action[] =>
    ordered.filter((action) => action.service !== MONITOR && test(action));
  const stops = of((action) => action.do === "stop");
  const parts = of((action) => action.do !== "stop" && next.services[action.service]?.plugin !== undefined);
  const own = of((action) => action.do !== "stop" && next.services[action.service]?.plugin === undefined);
  const done: Action[] = [];

  const rollBack = async (failures: readonly Failure[], notes: readonly Diagnostic[] = []): Promise<Tried> => {
    if (current === undefined) await switchToNone(layout);
    else await switchTo(layout, current.id);
    await undo(supervisor, done, before);
    const all = [...failures.flatMap((failure) => failure.notes), ...notes];
    return ended(
      "rolled back",
      current?.id,
      failures.map((failure) => failure.action),
      all,
    );
  };

  const started = await performAll(supervisor, parts, next);
  done.push(...started.done);
  if (started.failures.length > 0) {
    const newcomers = newcomersAmong(started.failures, next, before);
    if (newcomers === undefined) return rollBack(started.failures);
    await undo(
      supervisor,
      done.filter((action) => newcomers.has(next.services[action.service]?.plugin ?? "")),
      before,
    );
    return { newcomers };
  }
  await switchTo(layout, next.id);
  const switched = await performInOrder(supervisor, own, next);
  done.push(...switched.done);
  if (switched.failure !== undefined) return rollBack([switched.failure]);
  if (next.services["nginx"] !== undefined) {
    const unproven = await proveNginx(layout.nginxSocket, next.id);
    if (unproven.length > 0) return rollBack([], unproven);
  }
  const stopped = await performAll(supervisor, stops, next);
  await prune(layout, [next.id]);
  for (const action of ordered.filter(({ service }) => service === MONITOR)) await perform(supervisor, action, next);
  return ended(
    "applied",
    next.id,
    ordered,
    stopped.failures.flatMap((failure) => failure.notes),
  );
}

function ended(
  did: Outcome["did"],
  generation: string | undefined,
  actions: readonly Action[],
  notes: readonly Diagnostic[],
): Tried {
  return { outcome: { did, generation, actions, notes } };
}

/** The manifest in force, reduced to the services that really run, and with those that should not. */
async function observe(current: Manifest | undefined, supervisor: Supervisor | undefined): Promise<Manifest> {
  const manifest = current ?? NOTHING;
  if (supervisor === undefined) return manifest;
  const services: Record<string, Manifest["services"][string]> = {};
  for (const running of await supervisor.list()) {
    const spec = manifest.services[running.id];
    if (spec === undefined || running.digest !== digestOf(runnable(manifest, spec))) {
      services[running.id] = foreign(running.id, running.plugin);
    } else services[running.id] = spec;
  }
  return { ...manifest, services };
}

/** Stands for a running service that is not what the generation in force says: it differs from whatever comes next. */
function foreign(id: string, plugin: string | undefined): Manifest["services"][string] {
  return {
    id,
    ...(plugin === undefined ? {} : { plugin }),
    argv: ["unknown"],
    cwd: "/",
    environments: [],
    env: {},
    instances: 0,
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: 0 },
    maxAgeS: 0,
    limits: {},
    log: { stdout: "/dev/null" },
    reads: [],
    onChange: "restart",
    tier: 0,
    because: [],
  };
}

/** The failed plugins with their notes when all of them are new here; undefined when one of them was serving before. */
function newcomersAmong(
  failures: readonly Failure[],
  next: Manifest,
  before: Manifest,
): ReadonlyMap<string, readonly Diagnostic[]> | undefined {
  const serving = new Set(Object.values(before.services).map((spec) => spec.plugin));
  const byPlugin = new Map<string, Diagnostic[]>();
  for (const { action, notes } of failures) {
    const plugin = next.services[action.service]?.plugin;
    if (plugin === undefined || serving.has(plugin)) return undefined;
    const at = next.services[action.service]?.because[0];
    const placed = notes.map((note) => ({ plugin, ...(at === undefined ? {} : { at }), ...note }));
    byPlugin.set(plugin, [...(byPlugin.get(plugin) ?? []), ...placed]);
  }
  return byPlugin;
}

function inTierOrder(actions: readonly Action[], next: Manifest): Action[] {
  const tier = (action: Action): number => next.services[action.service]?.tier ?? 0;
  return [...actions].sort((a, b) => tier(a) - tier(b));
}

function leftOutBy(notes: readonly Diagnostic[]): string[] {
  return notes.flatMap((note) => (note.severity === "error" && note.plugin !== undefined ? [note.plugin] : []));
}

/** Digest of all a plugin runs, to tell whether a failed start is worth another try. */
function pluginDigest(planned: Plan, plugin: string): string {
  const specs = Object.values(planned.services).filter((spec) => spec.plugin === plugin);
  return digestOf(specs.map((spec) => runnable(planned, spec)));
}

function knownFailures(planned: Plan, failed: LastApply["failedStarts"]): ReadonlyMap<string, string> {
  return new Map(Object.entries(failed).filter(([name, digest]) => pluginDigest(planned, name) === digest));
}

function stillFailing(plugin: string): Diagnostic {
  return {
    code: "MF5003",
    severity: "error",
    plugin,
    message: `plugin ${plugin} did not start the last time and nothing of its configuration changed since`,
    fix: "see its log; `make develop`, `plugins.install` or `touch var/conf_monitor` try again",
  };
}
