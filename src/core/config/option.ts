import type { z } from "zod";
import type { ConfigValue, Cost } from "./types.ts";

/** What an option's text may be and becomes. Everything is an allow-list, since values reach generated files. */
export interface ValueType {
  /** From the expanded text to the value; its message completes "must be ...". */
  readonly schema: z.ZodType<ConfigValue, string>;
  /** `a whole number from 1 to 10`; completes "must be ...". */
  readonly label: string;
  /** Texts that mean: not set. */
  readonly unset: readonly string[];
}

/** One option of a module, declared once: checks, `config.ini`, reference and explanations are made from it. */
export interface Option {
  readonly section: string;
  /** `install_*` stands for every key that begins so. */
  readonly key: string;
  readonly type: ValueType;
  /** As written in `config.ini`, templates included. */
  readonly default: string;
  /** Plain English sentences. */
  readonly text: string;
  /** `seconds`, `megabytes`, ... */
  readonly unit?: string;
  /** What a change of it costs the module's own services; the processes of plugins have all options in their environment. */
  readonly cost: Cost;
}

/** What a section is about, for its heading. */
export interface OptionSection {
  readonly name: string;
  readonly text: string;
  readonly options: readonly Option[];
}

type Declared = Omit<Option, "section" | "key">;

/** Declares a section: each key with its option. */
export function section(name: string, text: string, keys: Readonly<Record<string, Declared>>): OptionSection {
  return { name, text, options: Object.entries(keys).map(([key, option]) => ({ ...option, section: name, key })) };
}

/** Declares an option. `unit` comes last because few have one. */
export function option(type: ValueType, initial: string, cost: Cost, text: string, unit?: string): Declared {
  return { type, default: initial, cost, text, ...(unit === undefined ? {} : { unit }) };
}
