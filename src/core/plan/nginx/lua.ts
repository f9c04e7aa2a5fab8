import type { Plugin } from "../../plugin/types.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import type { PlannedFile } from "../types.ts";
import { needsLua } from "./fragments.ts";

/** What nginx.conf says about Lua. */
export interface LuaView {
  readonly path: string;
  /** Undefined: the usual places. */
  readonly cpath: string | undefined;
  /** Run by the master when it reads the configuration; nginx knows only one, and a plugin's own goes first. */
  readonly init: string | undefined;
  readonly initWorker: string;
  /** `NAME=value` words, already quoted: what `os.getenv` finds. */
  readonly env: readonly string[];
}

/** Below the tree: libraries under another name than the distribution's. */
const NAMED = "lua/named";

/** Of the module itself, in every tree with Lua. */
const OWN = ["init_worker.lua", "load.lua", "retire.lua"] as const;

/**
 * Debian 12's Lua module takes about 0.3 ms a location at every start, check and reload of nginx. Up to so many locations
 * that is no loss, and reloads that reset no connection are a gain; with more of them Lua is loaded for plugins only.
 */
const FEW_LOCATIONS = 150;

/** Whether nginx can run Lua. */
export function hasLua(input: PlanInput): boolean {
  return input.programs.nginxModules.some((path) => /lua/.test(path));
}

/** Undefined where nginx does without. */
export function luaView(input: PlanInput, plugins: readonly Plugin[], locations: number): LuaView | undefined {
  const users = plugins.filter(needsLua);
  if (!hasLua(input) || (users.length === 0 && locations > FEW_LOCATIONS)) return undefined;
  const layout = layoutOf(input.paths);
  const homes = users.filter((plugin) => plugin.addToLuaPath).map((plugin) => `${plugin.home}/?.lua`);
  const { path: more = [], cpath = [] } = input.programs.lua ?? {};
  // Nothing between two `;` means the usual places.
  const last = ["", ...more.map((directory) => `${directory}/?.lua`), `${layout.configAuto}/${NAMED}/?.lua`];
  const path = [`${input.paths.home}/lib/?.lua`, `${layout.plugins}/?.lua`, ...homes, ...last].join(";");
  return {
    path,
    cpath: cpath.length === 0 ? undefined : [...cpath.map((directory) => `${directory}/?.so`), ";"].join(";"),
    init: users.some(startsItself) ? undefined : `${layout.configAuto}/lua/load.lua`,
    initWorker: `${layout.configAuto}/lua/init_worker.lua`,
    env: users.length === 0 ? [] : variables(input),
  };
}

/** The Lua files of the tree: the module's own, and what plugins run when an nginx worker starts. */
export function luaFiles(
  input: PlanInput,
  plugins: readonly Plugin[],
  own: readonly string[],
): [string, PlannedFile][] {
  const starters = initWorkers(plugins);
  const files = [...own, ...OWN].map((name): [string, PlannedFile] => [
    `lua/${name}`,
    { text: source(input, name), mode: 0o640 },
  ]);
  for (const { plugin, text } of starters) files.push([`lua/init_worker/${plugin.name}.lua`, { text, mode: 0o600 }]);
  const list = starters.map(({ plugin }) => `  "${plugin.name}",\n`).join("");
  if (plugins.some(needsLua)) files.push(...namedLibraries(input));
  files.push(["lua/init_worker_plugins.lua", { text: `return {\n${list}}\n`, mode: 0o640 }]);
  return files;
}

/** What a distribution calls otherwise, under the name that code asks for. */
function namedLibraries({ programs }: PlanInput): [string, PlannedFile][] {
  return Object.entries(programs.lua?.named ?? {}).map(([name, file]) => [
    `${NAMED}/${name.replaceAll(".", "/")}.lua`,
    { text: `return assert(loadfile(${JSON.stringify(file)}))(...)\n`, mode: 0o640 },
  ]);
}

function startsItself(plugin: Plugin): boolean {
  return Object.values(plugin.fragments).some((text) => /\binit_by_lua/.test(text));
}

function initWorkers(plugins: readonly Plugin[]): { plugin: Plugin; text: string }[] {
  return plugins.flatMap((plugin) => {
    const text = plugin.fragments[plugin.nginx.initWorkerLua ?? ""];
    return text === undefined ? [] : [{ plugin, text }];
  });
}

function source(input: PlanInput, name: string): string {
  const text = input.templates.get(`lua/${name}`);
  if (text === undefined) throw new Error(`there is no template lua/${name}`);
  return text;
}

/** The directive `env` knows no variables, so `$` means itself here. */
function variables(input: PlanInput): string[] {
  return Object.entries(input.config.env)
    .filter(([name, value]) => /^MF[A-Z0-9_]*$/.test(name) && !/\p{Cc}/u.test(value))
    .map(([name, value]) => `"${name}=${value.replace(/["\\]/g, "\\$&")}"`)
    .sort();
}
