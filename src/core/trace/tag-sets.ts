import { TAG, type Tags } from "../flow/tags.ts";
import type { TagSet } from "./batch.ts";

/** A tag with more values than this is one of which each file has its own. */
const SAME_MAX = 200;
/** Sets remembered; then the numbering begins anew. */
const SETS_MAX = 10_000;
/** Longer values are cut: a rule that looks so far into one is not what the record is for. Characters. */
const VALUE_MAX = 500;
/** They say who the file is, not what it is like. */
const IDENTITY: ReadonlySet<string> = new Set([TAG.counter, TAG.uid, TAG.basename]);

/** A tag of a set; `value`: undefined, each file has its own. */
interface Shared {
  readonly name: string;
  readonly value: string | undefined;
}

const NOTHING: readonly Shared[] = [];

/**
 * Splits the tags a switch sees into a set that many files share, which is kept once, and the few values of the file's
 * own. Which is which is learned from the values.
 */
export class TagSets {
  readonly #values = new Map<string, Set<string> | "own" | "skip">();
  #known = new Map<string, readonly [id: number, set: TagSet]>();
  #fresh: (readonly [id: number, set: TagSet])[] = [];
  #forgotten = false;
  #nextId = 1;
  /** Of the file before, with which the next one has nearly always all in common. */
  #last: { readonly id: number; readonly shared: readonly Shared[] } | undefined;

  split(tags: Tags): { readonly id: number; readonly own: readonly string[] } {
    const own: string[] = [];
    const last = this.#last?.shared ?? NOTHING;
    let count = 0;
    /** Made where they are not those of the file before. */
    let shared: Shared[] | undefined;
    for (const [name, whole] of tags) {
      const known = this.#values.get(name) ?? this.#learn(name, tags);
      if (known === "skip") continue;
      const value = whole.length > VALUE_MAX ? whole.slice(0, VALUE_MAX) : whole;
      const isShared = known !== "own" && (known.has(value) || known.size < SAME_MAX);
      if (isShared) known.add(value);
      else {
        this.#values.set(name, "own");
        own.push(value);
      }
      const before = last[count];
      const tag = isShared ? value : undefined;
      if (before === undefined || before.name !== name || before.value !== tag) {
        shared ??= last.slice(0, count);
        shared.push({ name, value: tag });
      } else shared?.push(before);
      count += 1;
    }
    if (this.#last !== undefined && shared === undefined && count === last.length) return { id: this.#last.id, own };
    shared ??= last.slice(0, count);
    const id = this.#idOf(shared);
    this.#last = { id, shared };
    return { id, own };
  }

  /** What was defined since the last call; `forget`: what was before does not hold any more. */
  take(): { readonly forget: boolean; readonly sets: readonly (readonly [number, TagSet])[] } {
    const taken = { forget: this.#forgotten, sets: this.#fresh };
    this.#fresh = [];
    this.#forgotten = false;
    return taken;
  }

  /** True when so many sets are known that the numbering should begin anew, with the next batch. */
  get full(): boolean {
    return this.#known.size >= SETS_MAX;
  }

  forget(): void {
    this.#known = new Map();
    this.#last = undefined;
    this.#forgotten = true;
  }

  /** Defines all sets again with the next batch. */
  repeat(): void {
    this.#fresh = [...this.#known.values()];
  }

  #idOf(shared: readonly Shared[]): number {
    const key = shared
      .map(({ name, value }) => (value === undefined ? `${name}\u0002` : `${name}\u0001${value}\u0001`))
      .join("");
    const known = this.#known.get(key)?.[0];
    if (known !== undefined) return known;
    const id = this.#nextId++;
    const same = Object.fromEntries(shared.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
    const set = { same, own: shared.flatMap(({ name, value }) => (value === undefined ? [name] : [])) };
    this.#known.set(key, [id, set]);
    this.#fresh.push([id, set]);
    return id;
  }

  /** A tag with the counter before its name is kept only where no `latest.` says the same. */
  #learn(name: string, tags: Tags): Set<string> | "skip" {
    const rest = /^\d+\.(.*)$/.exec(name)?.[1];
    const twin = rest !== undefined && (rest.endsWith(".enter_step") || tags.has(`latest.${rest}`));
    const values = IDENTITY.has(name) || twin ? "skip" : new Set<string>();
    if (this.#values.size < SETS_MAX) this.#values.set(name, values);
    return values;
  }
}

/** The tags a switch saw, from what is kept of them. */
export function joinTags(set: TagSet, own: readonly string[], name: string): Tags {
  const tags: Tags = new Map(Object.entries(set.same));
  tags.set(TAG.basename, name);
  for (const [index, tag] of set.own.entries()) tags.set(tag, own[index] ?? "");
  return tags;
}
