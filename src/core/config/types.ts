import type { Span } from "../base/diagnostic.ts";

/** Who set a value, weakest first. */
export type Origin = "default" | "package" | "user" | "site";

/** A value that remembers who set it, where, and who lost (strongest loser first). */
export interface Sourced<T> {
  readonly value: T;
  /** As written, before variants and templates were resolved. */
  readonly raw: string;
  readonly origin: Origin;
  readonly at?: Span;
  readonly shadows: readonly Sourced<unknown>[];
}

/** What changing an option costs the running module. */
export type Cost = "none" | "reload" | "swap" | "restart";

/** A module's resolved configuration. */
export interface ModuleConfig {
  /** By `section.key`, typed as its option declares (string, number, boolean). */
  readonly values: ReadonlyMap<string, Sourced<string | number | boolean>>;
  /** `MFCONFIG`: which `key[VARIANT]`s apply. */
  readonly configurationName: string;
  /** Everything the module exports to its processes: `MFMODULE*`, `MFHARDWARE_*`, `MFHOSTNAME*`, `<MOD>_<SECTION>_<KEY>`, ... */
  readonly env: Readonly<Record<string, string>>;
}
