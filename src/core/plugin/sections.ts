import type { Diagnostic } from "../base/diagnostic.ts";
import { suggest } from "../base/suggest.ts";
import type { MergedSection } from "../config/merge.ts";
import type { Expectation } from "../expect/types.ts";
import type { ModuleName } from "../module/paths.ts";
import { readExpectation } from "./expectations.ts";
import { SECTIONS } from "./options.ts";
import { readApp, readDaemon, readStep } from "./parts.ts";
import { readRules } from "./rules.ts";
import { readSection } from "./section.ts";
import type { Part, SwitchRule } from "./types.ts";

/** What the sections of a plugin's config.ini say, together. */
export interface PluginSections {
  readonly general: Readonly<Record<string, unknown>>;
  readonly nginxDisabled: boolean;
  readonly parts: readonly Part[];
  readonly rules: readonly SwitchRule[];
  readonly expectations: readonly Expectation[];
  readonly settings: Readonly<Record<string, string>>;
}

type Growing = {
  -readonly [Field in keyof PluginSections]: PluginSections[Field];
} & {
  readonly parts: Part[];
  readonly rules: SwitchRule[];
  readonly expectations: Expectation[];
  readonly settings: Record<string, string>;
};

export interface SectionsContext {
  readonly plugin: string;
  readonly home: string;
  readonly module: ModuleName;
  /** Where files for a step arrive. */
  readonly stepDirectory: (step: string) => string;
}

type Reader = (
  section: MergedSection,
  rest: string,
  context: SectionsContext,
  into: Growing,
  notes: Diagnostic[],
) => void;

/** Names of sections, by what they begin with; `rest` is what follows. The order matters: the first that fits reads it. */
const READERS: Readonly<Record<ModuleName, readonly (readonly [RegExp, Reader])[]>> = {
  mfserv: [
    [/^general$/, general],
    [/^app_(?<rest>.*)$/, app],
    [/^extra_daemon_(?<rest>.*)$/, daemon],
    [/^custom(?<rest>.*)$/, custom],
    [/^internal$/, internal],
  ],
  mfdata: [
    [/^general$/, general],
    [/^step_(?<rest>.*)$/, step],
    [/^extra_daemon_(?<rest>.*)$/, daemon],
    [/^custom(?<rest>.*)$/, custom],
    [/^switch_rules(?<rest>.*)$/, rules],
    [/^expect_(?<rest>.*)$/, expect],
  ],
};

const EXAMPLES: Readonly<Record<ModuleName, readonly string[]>> = {
  mfserv: ["general", "app_", "extra_daemon_", "custom"],
  mfdata: ["general", "step_", "extra_daemon_", "custom", "switch_rules:", "expect_"],
};

/** Reads all sections; what is wrong is noted and the reading goes on. */
export function readSections(
  sections: ReadonlyMap<string, MergedSection>,
  context: SectionsContext,
  notes: Diagnostic[],
): PluginSections {
  const into: Growing = { general: {}, nginxDisabled: false, parts: [], rules: [], expectations: [], settings: {} };
  for (const section of sections.values()) {
    const found = READERS[context.module].find(([pattern]) => pattern.test(section.name));
    if (found === undefined) {
      if (section.keys.size > 0) notes.push(unknownSection(section, context.module));
      continue;
    }
    const [pattern, read] = found;
    read(section, pattern.exec(section.name)?.groups?.["rest"] ?? "", context, into, notes);
  }
  return into;
}

function general(
  section: MergedSection,
  _: string,
  context: SectionsContext,
  into: Growing,
  notes: Diagnostic[],
): void {
  into.general = readSection(section, SECTIONS[context.module].general, notes);
}

function internal(
  section: MergedSection,
  _: string,
  _context: SectionsContext,
  into: Growing,
  notes: Diagnostic[],
): void {
  into.nginxDisabled = readSection(section, SECTIONS.mfserv.internal, notes).disable_nginx_conf;
}

function app(section: MergedSection, name: string, _: SectionsContext, into: Growing, notes: Diagnostic[]): void {
  if (!isUsable(section, name, /^[A-Za-z0-9_-]+$/, notes)) return;
  const { part, values } = readApp(section, name, notes);
  into.parts.push(part);
  exportSettings(section.name, values, into.settings);
}

function step(
  section: MergedSection,
  name: string,
  context: SectionsContext,
  into: Growing,
  notes: Diagnostic[],
): void {
  if (!isUsable(section, name, /^[A-Za-z0-9_]+$/, notes)) return;
  const { part, values } = readStep(section, name, context.stepDirectory(name), notes);
  into.parts.push(part);
  // A step's time to end is its `timeout`: what its processes are told is what holds.
  exportSettings(section.name, { ...values, graceful_timeout: part.gracefulTimeoutS }, into.settings);
}

function daemon(section: MergedSection, name: string, _: SectionsContext, into: Growing, notes: Diagnostic[]): void {
  if (!isUsable(section, name, /^[A-Za-z0-9_-]+$/, notes)) return;
  const { part, values } = readDaemon(section, name, notes);
  into.parts.push(part);
  exportSettings(section.name, values, into.settings);
}

function custom(section: MergedSection, _: string, _context: SectionsContext, into: Growing): void {
  const values = Object.fromEntries([...section.keys].map(([key, { value }]) => [key, value]));
  exportSettings(section.name, values, into.settings);
}

function rules(section: MergedSection, _: string, context: SectionsContext, into: Growing, notes: Diagnostic[]): void {
  into.rules.push(...readRules(section, context.plugin, notes));
}

function expect(
  section: MergedSection,
  name: string,
  context: SectionsContext,
  into: Growing,
  notes: Diagnostic[],
): void {
  if (!isUsable(section, name, /^[A-Za-z0-9_]+$/, notes)) return;
  const expectation = readExpectation(section, name, context, notes);
  if (expectation !== undefined) into.expectations.push(expectation);
}

/** Adds what the section exports: its public keys, as `SECTION_KEY`, booleans as 1 and 0. */
function exportSettings(
  section: string,
  values: Readonly<Record<string, unknown>>,
  settings: Record<string, string>,
): void {
  const prefix = `${variableName(section)}_`;
  for (const key in values) {
    if (key.startsWith("_")) continue;
    const value = values[key];
    settings[prefix + variableName(key)] = typeof value === "boolean" ? (value ? "1" : "0") : String(value ?? "AUTO");
  }
}

const NAMES = new Map<string, string>();

/** Upper case, with `_` for what a variable's name cannot hold. Remembered: the same few keys come a thousand times. */
function variableName(key: string): string {
  const known = NAMES.get(key);
  if (known !== undefined) return known;
  const name = key.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
  NAMES.set(key, name);
  return name;
}

/** Checks a part's name, and that the section says anything in this configuration. */
function isUsable(section: MergedSection, name: string, pattern: RegExp, notes: Diagnostic[]): boolean {
  if (!pattern.test(name) || name.length > 64) {
    notes.push({
      code: "MF3026",
      severity: "error",
      message: `[${section.name}]: ${JSON.stringify(name)} cannot be a part's name`,
      at: section.at,
      fix: `use letters, digits and \`_\`${pattern.test("-") ? " and `-`" : ""}, at most 64`,
    });
    return false;
  }
  if (section.keys.size > 0) return true;
  notes.push({
    code: "MF3027",
    severity: "warning",
    message: `[${section.name}] sets nothing in this configuration: it is left out`,
    at: section.at,
    fix: "set a key in it, or remove its header",
  });
  return false;
}

function unknownSection(section: MergedSection, module: ModuleName): Diagnostic {
  const kind = /^(?<word>[A-Za-z]+(?:_daemon)?)(?<rest>.*)$/.exec(section.name)?.groups;
  const near =
    suggest(section.name, EXAMPLES[module]) ?? suggestKind(kind?.["word"] ?? "", kind?.["rest"] ?? "", module);
  return {
    code: "MF3025",
    severity: "error",
    message: `a plugin of ${module} has no section [${section.name}]`,
    at: section.at,
    fix:
      near === undefined
        ? `it may have: ${EXAMPLES[module].map((name) => `[${name}...]`).join(", ")}`
        : `did you mean [${near}]?`,
  };
}

/** Compares only the word before the name: `[apps_main]`, or `[step_main]` in a plugin of mfserv. */
function suggestKind(word: string, rest: string, module: ModuleName): string | undefined {
  const other = { mfserv: ["step", "app"], mfdata: ["app", "step"] }[module];
  if (word === other[0]) return `${other[1]}${rest}`;
  const kinds = EXAMPLES[module].map((name) => name.replace(/[_:]$/, ""));
  const near = suggest(word, kinds);
  return near === undefined ? undefined : near + rest;
}
