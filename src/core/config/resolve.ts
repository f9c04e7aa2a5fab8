import type { Diagnostic } from "../base/diagnostic.ts";
import { expand, modernise } from "../base/jinja.ts";
import { suggest } from "../base/suggest.ts";
import { type ConfigLayer, type Merged, type MergedValue, mergeIni } from "./merge.ts";
import type { Option, OptionSection } from "./option.ts";
import type { ConfigValue, Sourced } from "./types.ts";

/** Every option's value, and its expanded text, which is what the environment shows. Both by `section.key`. */
export interface Resolved {
  readonly values: ReadonlyMap<string, Sourced<ConfigValue>>;
  readonly texts: ReadonlyMap<string, string>;
  readonly notes: readonly Diagnostic[];
}

/**
 * Resolves a module's configuration: merges the files, expands templates with `variables`, checks and converts each value.
 * All mistakes are collected; an option in error has no value.
 */
export function resolveConfig(
  declared: readonly OptionSection[],
  layers: readonly ConfigLayer[],
  configurationName: string,
  variables: Readonly<Record<string, string>>,
): Resolved {
  const merged = mergeIni(layers, configurationName);
  const notes: Diagnostic[] = [...merged.notes, ...unknownNames(declared, layers)];
  const values = new Map<string, Sourced<ConfigValue>>();
  const texts = new Map<string, string>();
  for (const option of declared.flatMap(({ options }) => options)) {
    for (const [key, written] of writtenKeys(option, declared, merged)) {
      const source: Sourced<string> = written ?? defaultOf(option);
      const converted = convert(option, key, source.raw, variables);
      if (!converted.ok) {
        notes.push({ ...converted.note, ...(source.at === undefined ? {} : { at: source.at }) });
        continue;
      }
      values.set(`${option.section}.${key}`, { ...source, value: converted.value });
      texts.set(`${option.section}.${key}`, converted.text);
    }
  }
  return { values, texts, notes };
}

function defaultOf(option: Option): Sourced<string> {
  return { value: option.default, raw: option.default, origin: "default", shadows: [] };
}

/** The option a key of a section means; a pattern such as `install_*` means every key it fits. */
export function findOption(section: OptionSection, key: string): Option | undefined {
  return section.options.find((option) => option.key === key) ?? section.options.find((option) => fits(option, key));
}

function fits(option: Option, key: string): boolean {
  return option.key.endsWith("*") && key.length >= option.key.length && key.startsWith(option.key.slice(0, -1));
}

/** The keys an option stands for, with what was written; a plain option always stands for one. */
function writtenKeys(
  option: Option,
  declared: readonly OptionSection[],
  merged: Merged,
): readonly (readonly [string, MergedValue | undefined])[] {
  const keys = merged.sections.get(option.section)?.keys;
  if (!option.key.endsWith("*")) return [[option.key, keys?.get(option.key)]];
  const section = declared.find(({ name }) => name === option.section);
  return [...(keys ?? [])].filter(([key]) => section !== undefined && findOption(section, key) === option);
}

type Converted =
  | { readonly ok: true; readonly value: ConfigValue; readonly text: string }
  | { readonly ok: false; readonly note: Diagnostic };

function convert(option: Option, key: string, raw: string, variables: Readonly<Record<string, string>>): Converted {
  const name = `${option.section}.${key}`;
  const expansion = expand(modernise(raw), variables, "empty");
  if (!expansion.ok) {
    const message = `the template in \`${name}\` cannot be rendered: ${expansion.message}`;
    return { ok: false, note: mistake("MF2004", message, "correct it, or protect it with {% raw %}...{% endraw %}") };
  }
  const text = expansion.text.trim();
  const { type } = option;
  if (type.unset.some((word) => word.toUpperCase() === text.toUpperCase())) return { ok: true, value: null, text };
  const parsed = type.schema.safeParse(text);
  if (parsed.success) {
    return { ok: true, value: parsed.data, text: typeof parsed.data === "string" ? parsed.data : text };
  }
  const orNull = type.unset.includes("null") ? ", or null" : "";
  const became = text === raw ? "" : `; it became ${JSON.stringify(text)}`;
  const message = `\`${name}\` must be ${type.label}${orNull}, not ${JSON.stringify(raw)}${became}`;
  const fix = raw.includes("\n")
    ? "an indented line continues the value above it: begin the next option at the start of its line"
    : `remove the line to get the default, ${option.default === "" ? "nothing" : option.default}`;
  return { ok: false, note: mistake("MF2003", message, fix) };
}

/** Names that stand in a file but are not declared, wherever they stand; a foreign variant may be misspelt too. */
function unknownNames(declared: readonly OptionSection[], layers: readonly ConfigLayer[]): readonly Diagnostic[] {
  const byName = new Map(declared.map((section) => [section.name, section]));
  const notes: Diagnostic[] = [];
  for (const { ini } of layers) {
    for (const [name, at] of ini.sections) {
      if (name.startsWith("_") || byName.has(name)) continue;
      const near = suggest(name, byName.keys());
      const fix = near === undefined ? `known sections: ${[...byName.keys()].join(", ")}` : `did you mean [${near}]?`;
      notes.push({ ...mistake("MF2002", `there is no section [${name}]`, fix), at });
    }
    for (const { section, key, keyAt } of ini.entries) {
      const known = byName.get(section);
      if (known === undefined || key.startsWith("_") || findOption(known, key) !== undefined) continue;
      notes.push({ ...unknownKey(known, key, declared), at: keyAt });
    }
  }
  return notes;
}

function unknownKey(section: OptionSection, key: string, declared: readonly OptionSection[]): Diagnostic {
  const near = suggest(
    key,
    section.options.map((option) => option.key),
  );
  const elsewhere = declared.find((other) => other !== section && other.options.some((option) => option.key === key));
  const fix =
    near !== undefined
      ? `did you mean \`${near}\`?`
      : elsewhere !== undefined
        ? `\`${key}\` belongs in [${elsewhere.name}]`
        : `known keys of [${section.name}]: ${section.options.map((option) => option.key).join(", ")}`;
  return mistake("MF2005", `there is no option \`${key}\` in [${section.name}]`, fix);
}

function mistake(code: Diagnostic["code"], message: string, fix: string): Diagnostic {
  return { code, severity: "error", message, fix };
}
