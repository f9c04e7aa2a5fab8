import { expressionTags } from "../flow/expression/evaluate.ts";
import { compileRules, isProgrammed, type TagLookup } from "../flow/rules.ts";
import { TAG } from "../flow/tags.ts";
import { type SwitchRuleSpec, stepKey } from "../flow/types.ts";
import type { TagSet } from "./batch.ts";

/** What a switch saw of a file. `tagsId` is equal where `tags` is. */
export interface Seen {
  readonly name: string;
  /** Values of `tags.own`, as a JSON array. */
  readonly own: string;
  readonly tags: TagSet;
  readonly tagsId: number;
}

/** Files that would go elsewhere in the same way. Targets are `plugin/step`, sorted. */
export interface Move {
  readonly from: readonly string[];
  readonly to: readonly string[];
  files: number;
  /** Names of the first of them. */
  readonly examples: string[];
}

export interface WhatIf {
  readonly files: number;
  /** Sorted, the most files first. */
  readonly moves: readonly Move[];
  /** Functions cannot be asked about files that are gone: they match nothing, before and after. */
  readonly notAsked: readonly string[];
  /** Tags that rules look at and no file had. */
  readonly unseen: readonly string[];
}

interface Rule {
  readonly test: (tags: TagLookup) => boolean;
  readonly reads: readonly string[];
  readonly targets: readonly string[];
  /** Only of today's rules, only of the proposed ones, or of both. */
  readonly of: "before" | "after" | "both";
}

/** The rules of one set of tags: those that say the same of all its files, and those that must be asked for each. */
interface Asked {
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
  readonly each: readonly Rule[];
}

const EXAMPLES_MAX = 3;

/** Asks today's and proposed rules about recorded files. */
export function whatIf(
  files: Iterable<Seen>,
  before: readonly SwitchRuleSpec[],
  after: readonly SwitchRuleSpec[],
): WhatIf {
  const rules = ruleSet(before, after);
  const sets = new Map<number, Asked>();
  const seenTags = new Set<string>([TAG.basename]);
  const moves = new Map<string, Move>();
  const file = new SeenFile();
  let count = 0;
  for (const seen of files) {
    count += 1;
    file.set(seen);
    let asked = sets.get(seen.tagsId);
    if (asked === undefined) {
      asked = askSet(rules, file, seen.tags);
      sets.set(seen.tagsId, asked);
      for (const name of [...Object.keys(seen.tags.same), ...seen.tags.own]) seenTags.add(name);
    }
    const move = moveOf(asked, file);
    if (move !== undefined) addMove(moves, move, seen.name);
  }
  const read = new Set(rules.flatMap(({ reads }) => reads));
  return {
    files: count,
    moves: [...moves.values()].sort((a, b) => b.files - a.files),
    notAsked: [...new Set([...before, ...after].filter(isProgrammed).map(({ pattern }) => pattern))],
    unseen: [...read].filter((name) => !seenTags.has(name)),
  };
}

/** A recorded file as rules see it; one object for all files, since there are a million of them. */
class SeenFile implements TagLookup {
  #seen: Seen = { name: "", own: "[]", tags: { same: {}, own: [] }, tagsId: 0 };
  #own: readonly string[] | undefined;

  set(seen: Seen): void {
    this.#seen = seen;
    this.#own = undefined;
  }

  get(name: string): string | undefined {
    const { tags, own } = this.#seen;
    if (name === TAG.basename) return this.#seen.name;
    const index = tags.own.indexOf(name);
    if (index === -1) return Object.hasOwn(tags.same, name) ? tags.same[name] : undefined;
    this.#own ??= JSON.parse(own) as readonly string[];
    return this.#own[index];
  }
}

function ruleSet(before: readonly SwitchRuleSpec[], after: readonly SwitchRuleSpec[]): readonly Rule[] {
  const keys = { before: new Set(before.map(keyOf)), after: new Set(after.map(keyOf)) };
  const all = new Map([...before, ...after].map((spec) => [keyOf(spec), spec]));
  return compileRules([...all.values()]).rules.flatMap(({ spec, test }) => {
    if (test === undefined) return [];
    const key = keyOf(spec);
    const of = !keys.after.has(key) ? "before" : keys.before.has(key) ? "both" : "after";
    const reads = spec.type === "expression" ? expressionTags(spec.pattern) : spec.tag === "" ? [] : [spec.tag];
    return [{ test, reads, targets: spec.targets.map((target) => stepKey(target).replace(".", "/")), of } as const];
  });
}

function keyOf({ type, tag, pattern, targets }: SwitchRuleSpec): string {
  return JSON.stringify([type, tag, pattern, targets]);
}

function askSet(rules: readonly Rule[], file: SeenFile, { own }: TagSet): Asked {
  const ofEach = new Set([TAG.basename, ...own]);
  const each = rules.filter(({ reads }) => reads.some((name) => ofEach.has(name)));
  const same = rules.filter((rule) => !each.includes(rule) && rule.test(file));
  return { before: targetsOf(same, "before"), after: targetsOf(same, "after"), each };
}

function targetsOf(rules: readonly Rule[], when: "before" | "after"): ReadonlySet<string> {
  return new Set(rules.filter(({ of }) => of === when || of === "both").flatMap(({ targets }) => targets));
}

/** undefined: it goes where it went. */
function moveOf({ before, after, each }: Asked, file: SeenFile): Pick<Move, "from" | "to"> | undefined {
  let from = before;
  let to = after;
  for (const { test, of, targets } of each) {
    if (!test(file)) continue;
    if (of !== "after") from = withAll(from, targets, from === before);
    if (of !== "before") to = withAll(to, targets, to === after);
  }
  if (from.size === to.size && from.isSubsetOf(to)) return undefined;
  return { from: [...from].sort(), to: [...to].sort() };
}

/** Adds to a set of this file's own; the one of its tags' set is shared. */
function withAll(set: ReadonlySet<string>, more: readonly string[], isShared: boolean): ReadonlySet<string> {
  const own = isShared ? new Set(set) : (set as Set<string>);
  for (const one of more) own.add(one);
  return own;
}

function addMove(moves: Map<string, Move>, { from, to }: Pick<Move, "from" | "to">, name: string): void {
  const key = `${from.join()}>${to.join()}`;
  const move = moves.get(key) ?? { from, to, files: 0, examples: [] };
  moves.set(key, move);
  move.files += 1;
  if (move.examples.length < EXAMPLES_MAX) move.examples.push(name);
}
