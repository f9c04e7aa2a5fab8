import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { byText } from "../base/order.ts";
import { hasErrors } from "../base/result.ts";
import type { RuntimeLayout } from "../module/paths.ts";
import { commandArgv, sectionOf } from "../plugin/command.ts";
import type { App, Part, Plugin } from "../plugin/types.ts";
import type { PlanInput } from "./input.ts";
import { layoutOf } from "./layout.ts";
import { needsLua } from "./nginx/fragments.ts";
import { hasLua } from "./nginx/lua.ts";
import { isPlainPath, isPlainText } from "./quote/nginx.ts";

/** `sun_path` of sockaddr_un(7), without its final NUL. */
const SOCKET_PATH_MAX = 107;

/** A part that has processes, with the command they run. */
export interface RunningPart<P extends Part = Part> {
  readonly plugin: Plugin;
  readonly part: P;
  readonly argv: readonly [string, ...string[]];
}

/** What of the plugins can be planned, sorted by name. */
export interface Admitted {
  readonly plugins: readonly Plugin[];
  readonly running: readonly RunningPart[];
}

/** Leaves out the plugins that cannot be planned, each with all the reasons. */
export function admit(input: PlanInput): { admitted: Admitted; notes: readonly Diagnostic[] } {
  const layout = layoutOf(input.paths);
  const plugins: Plugin[] = [];
  const running: RunningPart[] = [];
  const notes: Diagnostic[] = [];
  for (const plugin of [...input.plugins].sort((a, b) => byText(a.name, b.name))) {
    const found = examine(plugin, input, layout);
    notes.push(...found.notes.map((note) => ({ ...note, plugin: plugin.name })));
    if (hasErrors(found.notes)) continue;
    plugins.push(plugin);
    running.push(...found.running);
  }
  return { admitted: { plugins, running }, notes };
}

/** The name a part's socket and log files share. Plugins whose parts ask for the same one are set aside before (MF3070). */
export function baseName({ plugin, part }: Pick<RunningPart, "plugin" | "part">): string {
  const kind = part.kind === "daemon" ? "extra" : part.kind;
  return `${kind}_${plugin.name}_${part.name}`;
}

/** The stable socket of an app; `{instance}` stands for the worker's number. */
export function socketPath(app: Pick<RunningPart, "plugin" | "part">, layout: RuntimeLayout): string {
  return `${layout.var}/${baseName(app)}_{instance}.socket`;
}

function examine(
  plugin: Plugin,
  input: PlanInput,
  layout: RuntimeLayout,
): { running: RunningPart[]; notes: Diagnostic[] } {
  const context = { paths: input.paths, env: input.config.env };
  const running: RunningPart[] = [];
  const notes: Diagnostic[] = [];
  if (!isPlainPath(plugin.home)) notes.push(unwritableHome(plugin));
  if (needsLua(plugin) && !hasLua(input)) notes.push(noLua(plugin));
  for (const [name, value] of Object.entries(plugin.settings)) {
    if (value.includes("\0")) notes.push(nul(`the value of ${name}`, plugin.at));
  }
  for (const part of plugin.parts) {
    if (part.kind === "app") notes.push(...unwritableKeys(part));
    if (part.instances === 0) continue;
    const argv = commandArgv(part, plugin, context);
    notes.push(...argv.notes);
    if (!argv.ok) continue;
    const candidate = { plugin, part, argv: argv.value };
    if (argv.value.some((word) => word.includes("\0")))
      notes.push(nul(`the command of [${sectionOf(part)}]`, part.commandAt ?? part.at));
    if (part.kind === "app") notes.push(...longSocket(candidate, part, layout));
    running.push(candidate);
  }
  return { running, notes };
}

function longSocket(candidate: RunningPart, app: App, layout: RuntimeLayout): Diagnostic[] {
  const path = socketPath(candidate, layout).replace("{instance}", String(app.instances));
  const bytes = new TextEncoder().encode(path).length;
  if (bytes <= SOCKET_PATH_MAX) return [];
  return [
    {
      code: "MF4001",
      severity: "error",
      message: `the socket of [${sectionOf(app)}] would be ${path}, ${bytes} bytes; the system allows ${SOCKET_PATH_MAX}`,
      at: app.at,
      fix: `shorten the name of the plugin or of the app by ${bytes - SOCKET_PATH_MAX} characters, or the runtime home`,
    },
  ];
}

/** Neither arguments nor variables can hold one. */
function nul(where: string, at: Span): Diagnostic {
  return {
    code: "MF4003",
    severity: "error",
    message: `${where} holds a NUL character`,
    at,
    fix: "remove it",
  };
}

/** What an app's section says that nginx has no way to write. */
function unwritableKeys(app: App): Diagnostic[] {
  const written = { _static_directory: app.staticDirectory, _static_url_prefix: app.staticUrlPrefix };
  return Object.entries(written)
    .filter(([, value]) => !isPlainText(value))
    .map(([key, value]) => ({
      code: "MF4009",
      severity: "error",
      message: `${key} of [${sectionOf(app)}] is ${JSON.stringify(value)}, which cannot be written in nginx.conf`,
      at: app.keys[key] ?? app.at,
      fix: "leave out control characters and `$`",
    }));
}

function noLua(plugin: Plugin): Diagnostic {
  return {
    code: "MF4008",
    severity: "error",
    message: `plugin ${plugin.name} runs Lua in nginx, which has no Lua module here`,
    at: plugin.at,
    fix: "install nginx's Lua module (`make setup`)",
  };
}

function unwritableHome(plugin: Plugin): Diagnostic {
  return {
    code: "MF4004",
    severity: "error",
    message: `the plugin's directory ${JSON.stringify(plugin.home)} cannot be written in nginx.conf`,
    at: plugin.at,
    fix: 'move it to a path without control characters, `$`, `"` and `\\`',
  };
}
