import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { failure, type Result, success } from "../base/result.ts";
import { suggest } from "../base/suggest.ts";
import { type ModulePaths, runtimeLayout } from "../module/paths.ts";
import { splitWords, type Word } from "./shlex.ts";
import type { Part, Plugin, Step } from "./types.ts";

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
  const values = placeholders(part, plugin, context);
  const notes: Diagnostic[] = [];
  const argv = split.words.flatMap((word) => expandWord(word, part, values, notes));
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

function expandWord(
  word: Word,
  part: Part,
  values: ReadonlyMap<string, readonly string[]>,
  notes: Diagnostic[],
): string[] {
  const whole = /^\{(?<name>\w+)\}$/.exec(word.text)?.groups?.["name"];
  const list = whole === undefined ? undefined : values.get(whole);
  if (list !== undefined) return [...list];
  const text = word.text.replace(PLACEHOLDER, (written, name: string, offset: number) => {
    const value = values.get(name);
    if (value !== undefined) return value.join(" ");
    const note = unknownPlaceholder(name, part, within(part, word.start + offset, written.length), values);
    if (note !== undefined) notes.push(note);
    return written;
  });
  return [text];
}

/** A brace nobody knows is left alone (a step may use its own), unless it is plainly a mistake. */
function unknownPlaceholder(
  name: string,
  part: Part,
  at: Span,
  values: ReadonlyMap<string, readonly string[]>,
): Diagnostic | undefined {
  if (LATER.includes(name)) return undefined;
  const near = suggest(name, [...values.keys(), ...LATER]);
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

function placeholders(part: Part, plugin: Owner, context: CommandContext): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>([
    ["plugin_name", [plugin.name]],
    ["plugin_dir", [plugin.home]],
  ]);
  for (const [key, value] of Object.entries(plugin.settings)) {
    if (key.startsWith("CUSTOM_")) values.set(key, [value]);
  }
  if (part.kind === "daemon") values.set("extra_name", [part.name]);
  if (part.kind === "app") {
    const moduleTimeout = context.env["MFSERV_NGINX_TIMEOUT"] || String(DEFAULT_TIMEOUT_S);
    const debug = splitWords(part.debugOptions);
    values.set("app_name", [part.name]);
    values.set("timeout", [part.timeoutS > 0 ? String(part.timeoutS) : moduleTimeout]);
    values.set("debug_extra_options", part.debug && debug.ok ? debug.words.map((word) => word.text) : []);
  }
  if (part.kind === "step") {
    const queue = `step.${plugin.name}.${part.name}`;
    values.set("step_name", [part.name]);
    values.set("MFDATA_CURRENT_STEP_NAME", [part.name]);
    values.set("MFDATA_CURRENT_STEP_QUEUE", [queue]);
    values.set("MFDATA_CURRENT_STEP_DIR", [stepDirectory(plugin.name, part.name, context)]);
    values.set("STANDARD_STEP_ARGUMENTS", standardStepArguments(part, queue, context));
  }
  return values;
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
