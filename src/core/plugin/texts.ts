import { posix } from "node:path";
import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { expand } from "../base/jinja.ts";
import type { MergedSection } from "../config/merge.ts";

type Variables = Readonly<Record<string, string>>;

/** An nginx fragment that a config.ini names. */
export interface WantedFragment {
  /** Relative to the plugin's home. */
  readonly path: string;
  /** Where it is named. */
  readonly at: Span;
}

/** The fragments that any section names, each once. */
export function wantedFragments(sections: Iterable<MergedSection>): readonly WantedFragment[] {
  const wanted = new Map<string, WantedFragment>();
  for (const section of sections) {
    for (const [key, { value, at }] of section.keys) {
      if (!/^_extra_nginx_\w+_filename$/.test(key) || value === "" || value === "null") continue;
      if (!wanted.has(value)) wanted.set(value, { path: value, at });
    }
  }
  return [...wanted.values()];
}

/** Renders fragments strictly: a missing file or variable is an error of the plugin. */
export function renderFragments(
  wanted: readonly WantedFragment[],
  texts: ReadonlyMap<string, string>,
  home: string,
  variables: Variables,
  notes: Diagnostic[],
): Record<string, string> {
  const rendered: Record<string, string> = {};
  for (const { path, at } of wanted) {
    const text = texts.get(path);
    if (text === undefined) {
      notes.push({
        code: "MF3060",
        severity: "error",
        message: `the plugin has no readable file ${JSON.stringify(path)}`,
        at,
        fix: `create ${posix.join(home, path)}, or write \`null\``,
      });
      continue;
    }
    const result = expand(text, variables, "error");
    if (result.ok) rendered[path] = result.text;
    else notes.push(notRendered("MF3061", "error", posix.join(home, path), text, result.message, "nginx fragment"));
  }
  return rendered;
}

/** Renders a crontab strictly and drops comments and blank lines. One that fails gives no jobs, and a warning. */
export function renderCrontab(
  text: string,
  file: string,
  variables: Variables,
  notes: Diagnostic[],
): readonly string[] {
  const result = expand(text, variables, "error");
  if (!result.ok) {
    notes.push(notRendered("MF3062", "warning", file, text, result.message, "crontab"));
    return [];
  }
  return result.text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Points at the first line that holds a name the message quotes. */
function notRendered(
  code: Diagnostic["code"],
  severity: Diagnostic["severity"],
  file: string,
  text: string,
  message: string,
  what: string,
): Diagnostic {
  const name = /`(?<name>\w+)`/.exec(message)?.groups?.["name"];
  const lines = text.split("\n");
  const found = lines.findIndex((line) => (name === undefined ? /\{[{%]/.test(line) : line.includes(name)));
  const line = lines[found] ?? "";
  const col = name === undefined ? line.search(/\{[{%]/) + 1 : line.indexOf(name) + 1;
  return {
    code,
    severity,
    message: `the ${what} cannot be rendered: ${message}${severity === "warning" ? "; it is left out" : ""}`,
    at: { file, line: found + 1 || 1, col: Math.max(1, col), length: name?.length ?? 1 },
    fix: name === undefined ? "correct the template" : `define \`${name}\`, or write \`{{ ${name} | default("") }}\``,
  };
}
