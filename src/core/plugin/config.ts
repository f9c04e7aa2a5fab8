import { posix } from "node:path";
import type { Diagnostic } from "../base/diagnostic.ts";
import { expand } from "../base/jinja.ts";
import { type MergedSection, type MergedValue, mergeIni } from "../config/merge.ts";
import { PLUGIN_DIALECT } from "../ini/dialects.ts";
import { parseIni } from "../ini/parse.ts";
import { type ReadFailure, unreadableIni } from "../ini/unreadable.ts";

/** One of the files a plugin's configuration is merged from. */
export interface ConfigText {
  readonly origin: "package" | "user" | "site";
  readonly file: string;
  readonly read: { readonly ok: true; readonly text: string } | ({ readonly ok: false } & ReadFailure);
}

type Variables = Readonly<Record<string, string>>;

/** Merges a plugin's config.ini with its overrides and expands the templates in values and in names of sections. */
export function mergePluginConfig(
  configs: readonly ConfigText[],
  home: string,
  configurationName: string,
  variables: Variables,
  notes: Diagnostic[],
): ReadonlyMap<string, MergedSection> {
  if (!configs.some((config) => config.origin === "package")) notes.push(noConfig(home));
  const layers = configs.map(({ origin, file, read }) => ({
    origin,
    ini: read.ok ? parseIni(read.text, file, PLUGIN_DIALECT) : unreadableIni(file, read),
  }));
  const merged = mergeIni(layers, configurationName);
  notes.push(...merged.notes);
  const sections = new Map<string, MergedSection>();
  for (const section of merged.sections.values()) {
    const name = section.name.includes("{{")
      ? textOr(expand(section.name, variables, "empty"), section.name)
      : section.name;
    sections.set(name, { ...section, name, keys: expandValues(section, variables, notes) });
  }
  return sections;
}

function expandValues(
  section: MergedSection,
  variables: Variables,
  notes: Diagnostic[],
): ReadonlyMap<string, MergedValue> {
  let expanded: Map<string, MergedValue> | undefined;
  for (const [key, written] of section.keys) {
    if (!written.raw.includes("{{") && !written.raw.includes("{%") && !written.raw.includes("{#")) continue;
    const result = expand(written.raw, variables, "empty");
    if (!result.ok) {
      notes.push({
        code: "MF3028",
        severity: "error",
        message: `[${section.name}] ${key}: the template cannot be expanded: ${result.message}`,
        at: written.at,
        fix: "write `{{ NAME }}` for a variable, or put the text between `{% raw %}` and `{% endraw %}`",
      });
      continue;
    }
    expanded ??= new Map(section.keys);
    expanded.set(key, { ...written, value: result.text });
  }
  return expanded ?? section.keys;
}

function textOr(expansion: ReturnType<typeof expand>, other: string): string {
  return expansion.ok ? expansion.text : other;
}

function noConfig(home: string): Diagnostic {
  return {
    code: "MF3006",
    severity: "error",
    message: `${home} has no config.ini`,
    at: { file: posix.join(home, "config.ini"), line: 1, col: 1, length: 1 },
    fix: "create a plugin with `bootstrap_plugin create NAME`, or write its config.ini",
  };
}
