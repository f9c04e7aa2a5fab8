import { z } from "zod";
import { parseSchedule } from "../expect/schedule.ts";
import { readMode, type WatchMode } from "../flow/completeness.ts";

/** How a value of a plugin's config.ini is written, and what it becomes. Every type reads the text of the file. */
export interface ValueType<T> {
  /** For the reference: `integer`, `boolean`, ... */
  readonly name: string;
  readonly schema: z.ZodType<T, string>;
}

const emptyForNull = (text: string): string => (text === "null" ? "" : text);

/** Any text; `null` means none. */
export const text: ValueType<string> = { name: "text", schema: z.string().transform(emptyForNull) };

export const requiredText: ValueType<string> = {
  name: "text",
  schema: z
    .string()
    .transform(emptyForNull)
    .refine((value) => value !== "", "it must not be empty"),
};

export const version: ValueType<string> = {
  name: "version",
  schema: z.string().regex(/^[a-z0-9\-_.]+$/, "expected only lower-case letters, digits, `-`, `_` and `.`"),
};

/** A whole number; nothing or `null` means 0. */
export const integer: ValueType<number> = numberType("integer", /^[+-]?\d{1,15}$/, "expected a whole number");

/** A number; nothing or `null` means 0. */
export const number: ValueType<number> = numberType("number", /^[+-]?\d{1,15}(?:\.\d*)?$/, "expected a number");

export const count: ValueType<number> = {
  name: "count",
  schema: integer.schema.refine((value) => value >= 0 && value <= 1000, "expected a number from 0 to 1000"),
};

export const priority: ValueType<number> = {
  name: "priority",
  schema: integer.schema.refine((value) => value >= 0 && value <= 9, "expected a number from 0 to 9"),
};

const UNITS = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

/** A number of bytes, `K`, `M` and `G` being powers of 1024; nothing or `null` means 0. */
export const size: ValueType<number> = {
  name: "size",
  schema: z
    .string()
    .transform(emptyForNull)
    .refine((value) => /^(?:\d{1,15}[kmg]?)?$/i.test(value), "expected a number of bytes, or one with K, M or G")
    .transform((value) => {
      const unit = value.replace(/\d+/, "").toLowerCase() as keyof typeof UNITS;
      return Number.parseInt(value || "0", 10) * UNITS[unit];
    }),
};

const TRUE = /^(?:1|true|yes|y|t|on)$/i;
const FALSE = /^(?:0|false|no|n|f|off|null|)$/i;

export const boolean: ValueType<boolean> = {
  name: "boolean",
  schema: z
    .string()
    .refine((value) => TRUE.test(value) || FALSE.test(value), "expected 1 or 0 (true, yes, false and no are fine too)")
    .transform((value) => TRUE.test(value)),
};

/** A boolean, or AUTO: undefined, the module decides. */
export const automatic: ValueType<boolean | undefined> = {
  name: "boolean or AUTO",
  schema: z
    .string()
    .refine((value) => /^auto$/i.test(value) || TRUE.test(value) || FALSE.test(value), "expected AUTO, 1 or 0")
    .transform((value) => (/^auto$/i.test(value) ? undefined : TRUE.test(value))),
};

/** A path inside the plugin's home; `null` means none. */
export const innerPath: ValueType<string> = {
  name: "path in the plugin",
  schema: text.schema.refine(
    (path) => !path.startsWith("/") && !path.split("/").includes(".."),
    "expected a path inside the plugin's directory",
  ),
};

/** Ways to show that a file is complete, separated by `,`. */
export const completeness: ValueType<readonly WatchMode[]> = {
  name: "completeness",
  schema: z.string().transform((written, context): WatchMode[] =>
    written.split(",").flatMap((one) => {
      const mode = readMode(one);
      if (mode === undefined) {
        context.addIssue("expected `close`, `rename`, `companion:.SUFFIX`, `temporary:.SUFFIX` or `stable:SECONDS`");
      }
      return mode ?? [];
    }),
  ),
};

/** One of some words. */
export function choice<const T extends string>(...words: readonly [T, ...T[]]): ValueType<T> {
  return { name: words.map((word) => word || "nothing").join(", "), schema: z.enum(words) as z.ZodType<T, string> };
}

function numberType(name: string, pattern: RegExp, problem: string): ValueType<number> {
  return {
    name,
    schema: z
      .string()
      .transform(emptyForNull)
      .refine((value) => value === "" || pattern.test(value), problem)
      .transform(Number),
  };
}

/** A cron expression. */
export const schedule: ValueType<string> = {
  name: "cron expression",
  schema: z
    .string()
    .transform((text) => text.trim())
    .superRefine((text, context) => {
      const parsed = parseSchedule(text);
      if (typeof parsed === "string")
        context.addIssue({ code: "custom", message: `it is no cron expression: ${parsed}` });
    }),
};
