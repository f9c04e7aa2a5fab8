import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Plugin } from "../../plugin/types.ts";
import { digestOf } from "../digest.ts";
import { membersOf, setDirective } from "./extra-members.ts";
import { settingsOf } from "./extra-settings.ts";

/** nginx compares them without regard to case, so names of plugins would not do. */
const ID_LENGTH = 12;

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
  const formats: LogFormat[] = [];
  const notes: Diagnostic[] = [];
  let variables = 0;
  let used = false;
  const edited = plugins.map((plugin) => {
    const fragments = { ...plugin.fragments };
    for (const [name, text] of Object.entries(plugin.fragments)) {
      if (name === plugin.nginx.initWorkerLua || !text.includes("extra_log_format")) continue;
      used = true;
      let rest = text;
      fragments[name] = settingsOf(text).reduceRight((whole, { start, end, value }) => {
        const members = membersOf(value);
        const taken = members?.names.find((member) => OWN.has(member));
        rest = rest.slice(0, start) + rest.slice(end);
        if (members === undefined || taken !== undefined) {
          notes.push(unread(plugin, name, text, start, taken));
          return whole;
        }
        variables = Math.max(variables, members.values.length);
        const id = members.names.length === 0 ? "plain" : digestOf([plugin.name, name, start]).slice(0, ID_LENGTH);
        if (id !== "plain") formats.push({ name: "", id, members: members.text });
        // What nginx says of the lines below must be said of the plugin's.
        const lines = text.slice(start, end).replace(/[^\n]/g, "");
        return whole.slice(0, start) + setDirective(id, members.values) + lines + whole.slice(end);
      }, text);
      if (rest.replace(/^\s*#.*$/gm, "").includes("extra_log_format"))
        notes.push(unread(plugin, name, text, text.indexOf("extra_log_format"), undefined));
    }
    return { ...plugin, fragments };
  });
  if (!used) return { plugins, formats: [], variables: [], notes: [] };
  const own = [
    { name: "metwork", id: "plain", members: "" },
    { name: "metwork_raw", id: "raw", members: ', "extra": "$extra_log_format"' },
  ];
  const named = formats.map((format, index) => ({ ...format, name: `metwork_${index + 1}` }));
  const numbers = Array.from({ length: variables }, (_, index) => index + 1);
  return { plugins: edited, formats: [...own, ...named], variables: numbers, notes };
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
