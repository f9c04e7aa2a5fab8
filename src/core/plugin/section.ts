import type { Diagnostic } from "../base/diagnostic.ts";
import { suggest } from "../base/suggest.ts";
import type { MergedSection, MergedValue } from "../config/merge.ts";
import { compileExpression } from "../flow/expression/evaluate.ts";
import type { PluginOption, ValuesOf } from "./options.ts";

type Options = Readonly<Record<string, PluginOption>>;

/** Keys of before version 1.0, and what to write instead. */
const MIGRATIONS: Readonly<Record<string, string>> = {
  cmd: "write the whole command into `_cmd_and_args`",
  args: "write the whole command into `_cmd_and_args`",
  main_arg: "write the whole command into `_cmd_and_args`",
  type: "write the whole command into `_cmd_and_args`",
  workers: "rename it to `numprocesses`",
  proxy_timeout: "rename it to `timeout`",
  switch_logical_condition: "write a [switch_rules:...] section",
  switch_use_hardlink: "write a [switch_rules:...] section, with `*` after the target",
};

const INITIALS = new WeakMap<PluginOption, unknown>();

/** Reads a section by its options. Everything wrong is noted at its place, with what was probably meant. */
export function readSection<S extends Options>(section: MergedSection, options: S, notes: Diagnostic[]): ValuesOf<S> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(options)) {
    const written = section.keys.get(key);
    if (written === undefined) values[key] = initialOf(key, option, section, notes);
    else values[key] = readValue(key, option, written, section, notes);
  }
  for (const [key, written] of section.keys) {
    if (!Object.hasOwn(options, key)) notes.push(unknownKey(key, written, section, options));
  }
  return values as ValuesOf<S>;
}

function readValue(
  key: string,
  option: PluginOption,
  written: MergedValue,
  section: MergedSection,
  notes: Diagnostic[],
): unknown {
  const read = option.type.schema.safeParse(written.value.trim());
  if (read.success) return read.data;
  notes.push({
    code: "MF3022",
    severity: "error",
    message: `[${section.name}] ${key} = ${JSON.stringify(written.value)}: ${read.error.issues[0]?.message ?? "bad value"}`,
    at: written.at.length > 0 ? written.at : written.keyAt,
    fix: `write ${article(option.type.name)}${option.unit === undefined ? "" : ` (${option.unit})`}${initialHint(option)}`,
  });
  return option.initial === undefined ? "" : initialOf(key, option, section, notes);
}

/** The value of an option that is not written; read once per option. */
function initialOf(key: string, option: PluginOption, section: MergedSection, notes: Diagnostic[]): unknown {
  if (option.initial === undefined) {
    notes.push({
      code: "MF3021",
      severity: "error",
      message: `[${section.name}] lacks \`${key}\``,
      at: section.at,
      fix: `add \`${key} = ...\`: ${option.summary}`,
    });
    return "";
  }
  if (!INITIALS.has(option)) INITIALS.set(option, option.type.schema.parse(option.initial));
  return INITIALS.get(option);
}

function unknownKey(key: string, written: MergedValue, section: MergedSection, options: Options): Diagnostic {
  const migration =
    conditionMigration(key, written.value) ??
    MIGRATIONS[key] ??
    (key.startsWith("arg_") ? MIGRATIONS["args"] : undefined);
  const near = suggest(key, Object.keys(options));
  const known = { severity: "error", at: written.keyAt } as const;
  if (migration !== undefined) {
    return {
      ...known,
      code: "MF3024",
      message: `[${section.name}] \`${key}\` is of MetWork before 1.0 and means nothing any more`,
      fix: migration,
    };
  }
  return {
    ...known,
    code: "MF3023",
    message: `[${section.name}] has no key \`${key}\``,
    fix: near === undefined ? `it may hold: ${Object.keys(options).join(", ")}` : `did you mean \`${near}\`?`,
  };
}

/** A condition that is an expression of today needs no more than another place. */
function conditionMigration(key: string, condition: string): string | undefined {
  if (key !== "switch_logical_condition") return undefined;
  try {
    compileExpression(condition);
    return `write into [switch_rules:expression]: \`${condition} = main\`, where main is the step`;
  } catch {
    return undefined;
  }
}

function article(name: string): string {
  return name.includes(",") ? `one of: ${name}` : `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

function initialHint(option: PluginOption): string {
  return option.initial === undefined || option.initial === "" ? "" : `; the default is ${option.initial}`;
}
