import { posix } from "node:path";
import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { expand } from "../base/jinja.ts";
import type { MergedSection } from "../config/merge.ts";
import { settingOf, wrongLine } from "../cron/line.ts";

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

/**
 * Renders a crontab strictly and drops comments and blank lines. One that fails, or that cron would not understand, gives
 * no jobs, and a warning: cron refuses a whole crontab for one line.
 */
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
  const rendered = result.text.split("\n").map((line) => line.trim());
  const jobs = [...rendered.entries()].filter(([, line]) => line !== "" && !line.startsWith("#"));
  const place = (index: number, line: string): Span => placeOf(text, rendered.length, index, line, file);
  const wrong = jobs.flatMap(([index, line]): Diagnostic[] => {
    const problem = wrongLine(line);
    const fix = "write `minute hour day month weekday command`, crontab(5)";
    return problem === undefined ? [] : [{ ...leftOut(`line \`${line}\`: ${problem}`), at: place(index, line), fix }];
  });
  for (const [index, line] of jobs) {
    const name = settingOf(line);
    if (name !== undefined && wrong.length === 0) notes.push(setForAll(name, place(index, line)));
  }
  notes.push(...wrong);
  return wrong.length > 0 ? [] : jobs.map(([, line]) => line);
}

function leftOut(message: string): Diagnostic {
  return { code: "MF3063", severity: "warning", message: `the crontab is left out: ${message}` };
}

function setForAll(name: string, at: Span): Diagnostic {
  return {
    code: "MF3064",
    severity: "warning",
    message: `\`${name}\` is set for every later line of the user's crontab, those of other plugins included`,
    at,
    fix: `put it into the command: \`... ${name}=value command\``,
  };
}

/** A rendered line's place in the source: the same number where no template took or added lines, else the line that reads alike. */
function placeOf(text: string, renderedLines: number, index: number, line: string, file: string): Span {
  const lines = text.replace(/\n$/, "").split("\n");
  const alike = lines.findIndex((source) => source.trim() === line);
  const at = lines.length === renderedLines ? index : Math.max(0, alike);
  const source = lines[at] ?? "";
  return {
    file,
    line: at + 1,
    col: source.length - source.trimStart().length + 1,
    length: Math.max(1, source.trim().length),
  };
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
