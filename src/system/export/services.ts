import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, type Result, success } from "../../core/base/result.ts";
import { detect } from "../../core/detect/detect.ts";
import type { Facts, Kind } from "../../core/detect/types.ts";
import type { Exported } from "../../core/export/types.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { commandArgv } from "../../core/plugin/command.ts";
import { pluginEnvironment } from "../../core/plugin/environment.ts";
import { LAYER_FILES } from "../../core/plugin/layer.ts";
import { splitWords } from "../../core/plugin/shlex.ts";
import type { Part, Plugin } from "../../core/plugin/types.ts";
import { exists } from "../../kit/fs.ts";
import { loadLayers, loadPlugin } from "../load/plugins.ts";
import { findInstalled } from "../plugins/installed.ts";
import { gatherFacts, virtualEnvironment } from "../serve/facts.ts";
import { suggestedName } from "../serve/plugin.ts";
import { findProgram } from "../supervise/command.ts";
import { fronted, frontOf, GRACE_S, isFiles, noProgram, pathOf } from "./front.ts";

/** What the user asked for, for all of its processes. */
export interface Wish {
  readonly name?: string;
  /** `HOST:PORT` or an absolute path, of the first application; the ports of further ones follow. */
  readonly listen: string;
  readonly user: string;
  readonly virtualEnv: string | undefined;
}

/** The processes of one thing, and what they are made of. */
export interface Exports {
  readonly services: readonly Exported[];
  /** Directory of its code. */
  readonly code: string;
  readonly kind: Kind | "plugin";
}

const TIMEOUT_S = "60";
const SIGNALS: Readonly<Record<number, Exported["stopSignal"]>> = { 1: "HUP", 2: "INT", 3: "QUIT", 15: "TERM" };
/** Of the module's variables, those that say where and what it is; the rest is told by `MF*`. */
const KEPT = /^(?:MF|PATH$|PYTHON|NODE_PATH$|LD_LIBRARY_PATH$|LANG$|LC_|TZ$)/;

/** What is to run for an installed plugin's name, a plugin's directory, or code that `metwork serve` would recognise. */
export async function exportsOf(
  target: string,
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  cwd: string,
  wish: Wish,
): Promise<Result<Exports>> {
  const installed = /^[\w-]+$/.test(target) ? findInstalled(paths, target)?.home : undefined;
  const directory = join(cwd, target);
  const home = exists(join(directory, LAYER_FILES.label)) ? directory : installed;
  if (home !== undefined) return ofPlugin(home, paths, env, wish);
  const facts = await gatherFacts(target, { cwd, root: paths.root, arguments: [] });
  return facts.ok ? ofCode(facts.value, paths.root, wish) : facts;
}

async function ofPlugin(
  home: string,
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  wish: Wish,
): Promise<Result<Exports>> {
  const loaded = await loadPlugin(home, paths, env);
  if (!loaded.ok) return loaded;
  const plugin = loaded.value;
  const { layers } = await loadLayers(paths, env);
  const all = { ...env, ...pluginEnvironment(plugin, [plugin.layer, ...layers], env, paths) };
  const kept = Object.fromEntries(Object.entries(all).filter(([name, value]) => KEPT.test(name) && value !== ""));
  const services: Exported[] = [];
  let apps = 0;
  for (const part of plugin.parts.filter((one) => one.command !== "" || isFiles(one, plugin))) {
    const front = part.kind === "app" ? frontOf(part, plugin) : undefined;
    if (front !== undefined) {
      const made = fronted(front, kept, partOf(part, plugin, wish), paths.root, nth(wish.listen, apps++));
      if (!made.ok) return made;
      services.push(made.value);
      continue;
    }
    const argv = commandArgv(part, plugin, { paths, env });
    if (!argv.ok) return argv;
    const listen = part.kind === "app" ? nth(wish.listen, apps++) : undefined;
    const made = finished(argv.value, kept, partOf(part, plugin, wish), listen);
    if (!made.ok) return made;
    services.push(made.value);
  }
  return services.length === 0 ? failure(nothing(plugin.name)) : success({ services, code: home, kind: "plugin" });
}

function partOf(part: Part, plugin: Plugin, wish: Wish) {
  const name = wish.name ?? plugin.name;
  const isMain = part.name === "main" || plugin.parts.length === 1;
  return {
    name: isMain ? name : `${name}-${part.name}`,
    description: `${plugin.summary} (${part.name})`,
    directory: plugin.home,
    user: wish.user,
    stopSignal: part.kind === "app" ? (SIGNALS[part.smartStopSignal] ?? ("TERM" as const)) : ("TERM" as const),
    graceS: GRACE_S,
  };
}

async function ofCode(facts: Facts, root: string, wish: Wish): Promise<Result<Exports>> {
  const detected = detect(facts);
  if (!detected.ok) return detected;
  const { web, daemons, kind } = detected.value;
  const name = wish.name ?? suggestedName(facts);
  if (web !== undefined && (kind === "static" || kind === "php")) {
    const { named } = facts;
    const front = {
      php: kind === "php",
      root: facts.directory,
      ...(named === undefined ? {} : { file: named }),
      location: "/",
      fragment: web.fragment ?? "",
    };
    const common = { name, description: `${name}, kept alive`, directory: facts.directory, user: wish.user };
    const made = fronted(front, {}, common, root, wish.listen);
    return made.ok ? success({ services: [made.value], code: facts.directory, kind }) : made;
  }
  const packages = await virtualEnvironment(facts.directory, wish.virtualEnv);
  const layers = join(root, "layers");
  const env = {
    PATH: pathOf(root, ["core", "python3", "nodejs"]),
    ...(kind === "node" ? { NODE_PATH: join(layers, "nodejs", "node_modules") } : { PYTHONUNBUFFERED: "1" }),
    ...(packages === undefined ? {} : { PYTHONPATH: packages.packages }),
  };
  const services: Exported[] = [];
  const commands = [
    ...(web === undefined ? [] : [{ name, command: web.command, listen: wish.listen }]),
    ...daemons.map((daemon) => ({ name: `${name}-${daemon.name}`, command: daemon.command, listen: undefined })),
  ];
  for (const one of commands) {
    const { words, assignments } = unwrapped(one.command);
    const common = { directory: facts.directory, user: wish.user, stopSignal: "TERM" as const, graceS: GRACE_S };
    const named = { ...common, name: one.name, description: `${one.name}, kept alive` };
    const made = finished(words, { ...env, ...assignments }, named, one.listen);
    if (!made.ok) return made;
    services.push(made.value);
  }
  return success({ services, code: facts.directory, kind });
}

/** The command of a detected plugin without what leads into its directory, its placeholders filled in. */
function unwrapped(command: string): { words: readonly string[]; assignments: Record<string, string> } {
  const split = splitWords(command);
  const words = (split.ok ? split.words : []).map(({ text }) => text.replaceAll("{timeout}", TIMEOUT_S)).slice(2);
  const from = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  const assignments = words.slice(0, from).map((word) => {
    const equal = word.indexOf("=");
    return [word.slice(0, equal), word.slice(equal + 1)] as const;
  });
  return {
    words: words.slice(from).filter((word) => word !== "{debug_extra_options}"),
    assignments: Object.fromEntries(assignments),
  };
}

type Common = Omit<Exported, "argv" | "env" | "listen" | "inherits">;

/** Says how the command listens, and where its program is. */
function finished(
  given: readonly string[],
  env: Readonly<Record<string, string>>,
  common: Common,
  listen: string | undefined,
): Result<Exported> {
  let words = given;
  let more = {};
  let inherits = listen !== undefined;
  const port = /:(?<port>\d+)$/.exec(listen ?? "")?.groups?.["port"];
  if (words[0] === "port_bridge" && port !== undefined) {
    words = words.slice(2).map((word) => word.replaceAll(/\$\{PORT\}|\$PORT\b/g, port));
    more = { HOST: listen?.slice(0, -port.length - 1).replace(/^\[|\]$/g, ""), PORT: port };
    inherits = false;
  } else if (words.some((word) => word.includes("{unix_socket_path}"))) {
    if (listen === undefined || !listen.startsWith("/")) return failure(needsPath(common.name));
    words = words.map((word) => word.replaceAll("{unix_socket_path}", listen));
    inherits = false;
  }
  const [name = "", ...rest] = words;
  const program = name.startsWith("./") ? join(common.directory, name) : findProgram(name, env["PATH"]);
  if (program === undefined) return failure(noProgram(name));
  const where = listen === undefined ? {} : { listen };
  return success({ ...common, argv: [program, ...rest], env: { ...env, ...more }, inherits, ...where });
}

/** The address of the nth application. */
function nth(listen: string, index: number): string {
  if (index === 0) return listen;
  if (listen.startsWith("/")) return `${listen}.${index}`;
  return listen.replace(/\d+$/, (port) => String(Number(port) + index));
}

/** Directory of an installation's own programs. */
export function listenOnIn(root: string): string {
  return join(root, "layers", "core", "bin", "listen_on");
}

function needsPath(name: string): Diagnostic {
  const message = `${name} binds a socket at a path, not a port`;
  return { code: "MF3121", severity: "error", message, fix: "say where: --listen /run/NAME.socket" };
}

function nothing(name: string): Diagnostic {
  const message = `the plugin ${name} runs no process: nginx serves all of it`;
  return { code: "MF3123", severity: "error", message, fix: "nothing is to be kept alive" };
}
