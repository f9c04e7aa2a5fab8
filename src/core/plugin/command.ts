import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { failure, type Result, success } from "../base/result.ts";
import { suggest } from "../base/suggest.ts";
import { type ModulePaths, runtimeLayout } from "../module/paths.ts";
import { splitWords, type Word } from "./shlex.ts";
import type { App, Part, Plugin, Step } from "./types.ts";

/** What a command's placeholders may stand for, beside the plugin itself. */
export interface CommandContext {
  readonly paths: Pick<ModulePaths, "module" | "runtime">;
  /** The module's environment; `MFSERV_NGINX_TIMEOUT` and `MFDATA_DATA_IN_DIR` are read. */
  readonly env: Readonly<Record<string, string>>;
}

type Owner = Pick<Plugin, "name" | "home" | "settings">;

/** Filled in by the supervisor, once per instance. */
const LATER = ["unix_socket_path", "instance"];
const PLACEHOLDER = /\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}/g;
const DEFAULT_TIMEOUT_S = 60;

/**
 * Turns `_cmd_and_args` into arguments: split into words, then `{placeholders}` replaced inside them, so that no value
 * is ever split or quoted again. `{unix_socket_path}`, `$(circus.wid)` and braces nobody knows stay as they are.
 */
export function commandArgv(
  part: Part,
  plugin: Owner,
  context: CommandContext,
): Result<readonly [string, ...string[]]> {
  const split = splitWords(part.command);
  if (!split.ok) {
    return failure({
      code: "MF3040",
      severity: "error",
      message: `the command of [${sectionOf(part)}] ends inside a quote or after a backslash`,
      at: within(part, split.at, 1),
      fix: "close the quote that opens here",
    });
  }
  const lookup = lookupFor(part, plugin, context);
  const notes: Diagnostic[] = [];
  const argv = split.words.flatMap((word) => expandWord(word, part, plugin, lookup, notes));
  const [program, ...args] = argv;
  if (notes.some((note) => note.severity === "error")) return { ok: false, notes };
  if (program === undefined) {
    return failure({
      code: "MF3041",
      severity: "error",
      message: `[${sectionOf(part)}] has no command`,
      at: part.at,
      fix: "set `_cmd_and_args`",
    });
  }
  return success([program, ...args], notes);
}

/** The section a part was declared in. */
export function sectionOf(part: Pick<Part, "kind" | "name">): string {
  return part.kind === "daemon" ? `extra_daemon_${part.name}` : `${part.kind}_${part.name}`;
}

/** The directory whose files feed a step. */
export function stepDirectory(plugin: string, step: string, context: CommandContext): string {
  const dataIn = context.env["MFDATA_DATA_IN_DIR"] || `${runtimeLayout(context.paths.runtime).var}/in`;
  return `${dataIn}/step.${plugin}.${step}`;
}

/** What a placeholder stands for: usually one text, for some any number of arguments; undefined: nobody knows it. */
type Lookup = (name: string) => string | readonly string[] | undefined;

function expandWord(word: Word, part: Part, plugin: Owner, lookup: Lookup, notes: Diagnostic[]): readonly string[] {
  if (!word.text.includes("{")) return [word.text];
  const whole = /^\{(?<name>\w+)\}$/.exec(word.text)?.groups?.["name"];
  const list = whole === undefined ? undefined : lookup(whole);
  if (Array.isArray(list)) return list;
  const text = word.text.replace(PLACEHOLDER, (written, name: string, offset: number) => {
    const value = lookup(name);
    if (value !== undefined) return typeof value === "string" ? value : value.join(" ");
    const note = unknownPlaceholder(name, part, plugin, within(part, word.start + offset, written.length));
    if (note !== undefined) notes.push(note);
    return written;
  });
  return [text];
}

/** A brace nobody knows is left alone (a step may use its own), unless it is plainly a mistake. */
function unknownPlaceholder(name: string, part: Part, plugin: Owner, at: Span): Diagnostic | undefined {
  if (LATER.includes(name)) return undefined;
  const customs = Object.keys(plugin.settings).filter((key) => key.startsWith("CUSTOM_"));
  const near = suggest(name, [...NAMES[part.kind], ...customs, ...LATER]);
  const custom = name.startsWith("CUSTOM_");
  if (near === undefined && !custom) return undefined;
  return {
    code: "MF3042",
    severity: custom ? "error" : "warning",
    message: `\`{${name}}\` in the command of [${sectionOf(part)}] stands for nothing`,
    at,
    fix: near === undefined ? "add the key to [custom]" : `did you mean \`{${near}}\`?`,
  };
}

const NAMES: Readonly<Record<Part["kind"], readonly string[]>> = {
  app: ["plugin_name", "plugin_dir", "app_name", "timeout", "debug_extra_options"],
  step: [
    "plugin_name",
    "plugin_dir",
    "step_name",
    "MFDATA_CURRENT_STEP_NAME",
    "MFDATA_CURRENT_STEP_QUEUE",
    "MFDATA_CURRENT_STEP_DIR",
    "STANDARD_STEP_ARGUMENTS",
  ],
  daemon: ["plugin_name", "plugin_dir", "extra_name"],
};

function lookupFor(part: Part, plugin: Owner, context: CommandContext): Lookup {
  return (name) => {
    if (name.startsWith("CUSTOM_")) return plugin.settings[name];
    if (!NAMES[part.kind].includes(name)) return undefined;
    if (name === "plugin_name") return plugin.name;
    if (name === "plugin_dir") return plugin.home;
    if (part.kind === "step") return stepValue(name, part, plugin, context);
    if (part.kind === "app" && name === "timeout") return timeoutOf(part, context);
    if (part.kind === "app" && name === "debug_extra_options") return debugOptions(part);
    return part.name;
  };
}

function timeoutOf(app: App, context: CommandContext): string {
  return app.timeoutS > 0 ? String(app.timeoutS) : context.env["MFSERV_NGINX_TIMEOUT"] || String(DEFAULT_TIMEOUT_S);
}

function debugOptions(app: App): readonly string[] {
  const split = splitWords(app.debugOptions);
  return app.debug && split.ok ? split.words.map((word) => word.text) : [];
}

function stepValue(name: string, step: Step, plugin: Owner, context: CommandContext): string | readonly string[] {
  const queue = `step.${plugin.name}.${step.name}`;
  if (name === "MFDATA_CURRENT_STEP_QUEUE") return queue;
  if (name === "MFDATA_CURRENT_STEP_DIR") return stepDirectory(plugin.name, step.name, context);
  return name === "STANDARD_STEP_ARGUMENTS" ? standardStepArguments(step, queue, context) : step.name;
}

function standardStepArguments(step: Step, queue: string, context: CommandContext): readonly string[] {
  const policy = step.onFailure;
  return [
    `--failure-policy=${policy.do}`,
    ...(policy.do === "move" ? [`--failure-policy-move-dest-dir=${policy.to}`] : []),
    `--step-name=${step.name}`,
    `--redis-unix-socket-path=${runtimeLayout(context.paths.runtime).redisSocket}`,
    queue,
  ];
}

/** The place of a piece of the command; the section's header when the command's own place is not known. */
function within(part: Part, offset: number, length: number): Span {
  const at = part.commandAt;
  if (at === undefined) return part.at;
  return offset + length <= at.length ? { ...at, col: at.col + offset, length } : at;
}
