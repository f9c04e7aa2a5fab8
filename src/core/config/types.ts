import type { Span } from "../base/diagnostic.ts";

/** Who set a value, weakest first. */
export type Origin = "default" | "package" | "user" | "site";

/** A value that remembers who set it, where, and who lost (strongest loser first). */
export interface Sourced<T> {
  readonly value: T;
  /** As written, before variants and templates were resolved. */
  readonly raw: string;
  /** `DEV` when it was written `key[DEV] = ...`. A loser's variant may be one that does not apply here. */
  readonly variant?: string;
  readonly origin: Origin;
  readonly at?: Span;
  readonly shadows: readonly Sourced<unknown>[];
}

/** The lines a person wrote that hold, of one chain of files. */
export interface WrittenLines {
  /** Weakest first. */
  readonly files: readonly string[];
  /** By `section.key`; `file` is an index of `files`, lines start at 1. A long value is a digest. */
  readonly keys: Readonly<Record<string, readonly [value: string, file: number, line: number]>>;
}

/** What changing an option costs the running module. */
export type Cost = "none" | "reload" | "swap" | "restart";

/** An option's value; null is an option that says `null`: not set, switched off. */
export type ConfigValue = string | number | boolean | null;

/** A module's resolved configuration; `core/config/access.ts` reads single values. */
export interface ModuleConfig {
  /** By `section.key`, typed as its option declares. */
  readonly values: ReadonlyMap<string, Sourced<ConfigValue>>;
  /** `MFCONFIG`: which `key[VARIANT]`s apply. */
  readonly configurationName: string;
  /** Everything the module exports to its processes: `MFMODULE*`, `MFHARDWARE_*`, `MFHOSTNAME*`, `<MOD>_<SECTION>_<KEY>`, ... */
  readonly env: Readonly<Record<string, string>>;
}
