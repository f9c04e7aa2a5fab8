import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Plugin } from "../../plugin/types.ts";
import { digestOf } from "../digest.ts";
import { membersOf, setDirective } from "./extra-members.ts";
import { settingsOf } from "./extra-settings.ts";

/** nginx compares them without regard to case, so names of plugins would not do. */
const ID_LENGTH = 12;
const VARIABLE = "extra_log_format";

/** Members that every line has. */
const OWN = new Set(
  "@timestamp from via host method uri duration status request_length reply_length plugin app type upstream request_id extra".split(
    " ",
  ),
);

/** A form of the access log's lines. */
export interface LogFormat {
  readonly name: string;
  /** The value of `$metwork_log` of the requests it is for. */
  readonly id: string;
  /** What follows the members that every line has, within single quotes of nginx. */
  readonly members: string;
}

/** What plugins add to the lines of the access log. */
export interface ExtraLog {
  /** With their fragments as nginx gets them. */
  readonly plugins: readonly Plugin[];
  /** Empty: nobody adds anything. */
  readonly formats: readonly LogFormat[];
  /** Numbers of the variables that carry values, from 1. */
  readonly variables: readonly number[];
  readonly notes: readonly Diagnostic[];
}

/**
 * What fragments `set` as `$extra_log_format`, `', "name": "value of $variables"'`, as members of the lines. The members
 * are found here, so that nginx can escape each value by itself: whatever a client sends, it adds no member and breaks no line.
 */
export function extraLog(plugins: readonly Plugin[]): ExtraLog {
  const found: Edited[] = [];
  const edited = plugins.map((plugin) => {
    const fragments = Object.entries(plugin.fragments).map(([name, text]): readonly [string, string] => {
      if (name === plugin.nginx.initWorkerLua || !text.includes(VARIABLE)) return [name, text];
      const fragment = edit(plugin, name, text);
      found.push(fragment);
      return [name, fragment.text];
    });
    return { ...plugin, fragments: Object.fromEntries(fragments) };
  });
  if (found.length === 0) return { plugins, formats: [], variables: [], notes: [] };
  const own = [
    { name: "metwork", id: "plain", members: "" },
    { name: "metwork_raw", id: "raw", members: ', "extra": "$extra_log_format"' },
  ];
  const formats = found.flatMap(({ forms }) => forms).map((form, index) => ({ ...form, name: `metwork_${index + 1}` }));
  const variables = Math.max(...found.map((fragment) => fragment.variables));
  return {
    plugins: edited,
    formats: [...own, ...formats],
    variables: Array.from({ length: variables }, (_, index) => index + 1),
    notes: found.flatMap(({ notes }) => notes),
  };
}

/** A fragment that sets the variable, as nginx gets it. */
interface Edited {
  readonly text: string;
  readonly forms: readonly Omit<LogFormat, "name">[];
  /** How many values one of its forms has at most. */
  readonly variables: number;
  readonly notes: readonly Diagnostic[];
}

function edit(plugin: Plugin, name: string, text: string): Edited {
  const forms: Omit<LogFormat, "name">[] = [];
  const notes: Diagnostic[] = [];
  let variables = 0;
  /** What is written of the fragment, and what of it is no setting. */
  let written = "";
  let others = "";
  let from = 0;
  for (const { start, end, value } of settingsOf(text)) {
    const between = text.slice(from, start);
    const setting = text.slice(start, end);
    from = end;
    others += between;
    const members = membersOf(value);
    const taken = members?.names.find((member) => OWN.has(member));
    if (members === undefined || taken !== undefined) {
      notes.push(unread(plugin, name, text, start, taken));
      written += between + setting;
      continue;
    }
    variables = Math.max(variables, members.values.length);
    const id = members.names.length === 0 ? "plain" : digestOf([plugin.name, name, start]).slice(0, ID_LENGTH);
    if (id !== "plain") forms.push({ id, members: members.text });
    // What nginx says of the lines below must be said of the plugin's.
    written += between + setDirective(id, members.values) + setting.replace(/[^\n]/g, "");
  }
  others += text.slice(from);
  if (others.replace(/^\s*#.*$/gm, "").includes(VARIABLE))
    notes.push(unread(plugin, name, text, text.indexOf(VARIABLE), undefined));
  return { text: written + text.slice(from), forms, variables, notes };
}

function unread(plugin: Plugin, name: string, text: string, start: number, taken: string | undefined): Diagnostic {
  const before = text.slice(0, start).split("\n");
  return {
    code: "MF4027",
    severity: "warning",
    plugin: plugin.name,
    message:
      taken === undefined
        ? "what this makes of $extra_log_format is logged as one text, `extra`: its members cannot be told apart from what clients send"
        : `what this makes of $extra_log_format is logged as one text, \`extra\`: each line has a member ${taken} already`,
    at: {
      file: posix.join(plugin.home, name),
      line: before.length,
      col: (before.at(-1)?.length ?? 0) + 1,
      length: "set $extra_log_format".length,
    },
    fix: `write \`set $extra_log_format ', "name": "text or $variables", "number": $variable';\``,
  };
}
