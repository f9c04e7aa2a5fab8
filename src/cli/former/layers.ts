import { createHash } from "node:crypto";
import { layerEnvironment } from "../../core/plugin/layer-environment.ts";
import { resolveLayers } from "../../core/plugin/layer-resolve.ts";
import type { Layer } from "../../core/plugin/types.ts";
import { become, findProgram } from "../../kit/become.ts";
import { loadLayers, loadPlugins } from "../../system/load/plugins.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { moduleAtHand } from "../plugins/module.ts";

type Env = Readonly<Record<string, string>>;

/** `layers`: the installed layers, plugins included; `(*)`: loaded where it is asked. */
export async function layers(context: Context, given: Given): Promise<ExitCode> {
  const only = given.value("loaded-filter");
  if (only !== undefined && only !== "yes" && only !== "no") throw new UsageError("--loaded-filter is yes or no");
  for (const layer of await installed(context)) {
    const loaded = isLoaded(layer, context.env);
    if (only !== undefined && loaded !== (only === "yes")) continue;
    const { label, home } = layer;
    context.out(given.flag("raw") ? `${label} ${home}` : `- ${loaded ? "(*) " : ""}${label} [${home}]`);
  }
  return 0;
}

/** `is_layer_installed LABEL`: 1 or 0. */
export async function isLayerInstalled(context: Context, given: Given): Promise<ExitCode> {
  context.out((await named(context, given)) === undefined ? "0" : "1");
  return 0;
}

/** `is_layer_loaded LABEL`: 1 or 0. */
export async function isLayerLoaded(context: Context, given: Given): Promise<ExitCode> {
  const layer = await named(context, given);
  context.out(layer !== undefined && isLoaded(layer, context.env) ? "1" : "0");
  return 0;
}

/** `get_layer_home LABEL`. */
export async function layerHome(context: Context, given: Given): Promise<ExitCode> {
  const layer = await named(context, given);
  if (layer === undefined) return missing(context, given.args[0] ?? "");
  context.out(layer.home);
  return 0;
}

/** `layer_load_bash_cmds LABEL`: what a shell evaluates to have the layer, and what it needs. */
export async function loadCommands(context: Context, given: Given): Promise<ExitCode> {
  const changed = withLayer(await installed(context), given.args[0] ?? "", stringsOf(context.env));
  if (changed === undefined) return missing(context, given.args[0] ?? "");
  for (const [name, value] of Object.entries(changed)) context.out(`export ${name}=${quoted(value)};`);
  return 0;
}

/** `layer_unload_bash_cmds LABEL`: takes the layer's directories and variables away. */
export async function unloadCommands(context: Context, given: Given): Promise<ExitCode> {
  const layer = await named(context, given);
  if (layer === undefined) return missing(context, given.args[0] ?? "");
  for (const name of ["NODE_PATH", "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"]) {
    const entries = context.env[name]?.split(":") ?? [];
    const kept = entries.filter((entry) => !entry.startsWith(`${layer.home}/`));
    if (kept.length < entries.length) context.out(`export ${name}=${quoted(kept.join(":"))};`);
  }
  for (const name of [...layer.extraEnv.map(([one]) => one), flagOf(layer)]) context.out(`unset ${name};`);
  return 0;
}

/** `layer_wrapper --layers=A,B -- COMMAND`: becomes the command, in an environment with these layers. */
export async function layerWrapper(context: Context, given: Given): Promise<ExitCode> {
  const all = await installed(context);
  const kept = (given.value("empty-env-keeps") ?? "").split(",").concat("PATH", "HOME", "USER", "TERM", "LANG");
  const caller = stringsOf(context.env);
  const empty = given.flag("empty-env") || given.flag("empty");
  let env = empty
    ? Object.fromEntries(
        Object.entries(caller).filter(
          ([name]) => kept.includes(name) || /^(?:METWORK_|MF|LAYERAPI2_LAYERS_PATH$)/.test(name),
        ),
      )
    : caller;
  let last: Layer | undefined;
  for (const word of (given.value("layers") ?? "").split(",").filter((one) => one !== "")) {
    const label = word.replace(/^-/, "");
    const changed = withLayer(all, label, env);
    if (changed === undefined && !word.startsWith("-")) return missing(context, label);
    env = { ...env, ...changed };
    last = all.find((layer) => layer.label === label) ?? last;
  }
  for (const pair of given.all("prepend-env")) {
    const [name = "", value = ""] = pair.split(/,(.*)/s);
    env = { ...env, [name]: [value, ...(env[name] ? [env[name]] : [])].join(":") };
  }
  const prefix = given.value("extra-env-prefix");
  if (prefix !== undefined && last !== undefined) {
    const { label, home } = last;
    const name = home.slice(home.lastIndexOf("/") + 1);
    env = { ...env, [`${prefix}_NAME`]: name, [`${prefix}_LABEL`]: label, [`${prefix}_DIR`]: home };
  }
  const [command = ""] = given.args;
  const program = findProgram(command, env["PATH"] ?? "");
  if (program === undefined) {
    context.err(`error[MF8054]: ${command}: no such command with these layers`);
    return 127;
  }
  if (given.flag("cwd") && last !== undefined) process.chdir(last.home);
  return become(program, given.args, env);
}

/** What loading a layer, and all it needs, changes in an environment; undefined when it cannot be loaded. */
export function withLayer(all: readonly Layer[], label: string, env: Env): Record<string, string> | undefined {
  const resolved = resolveLayers(label, all);
  if (!resolved.ok) return undefined;
  const order = resolved.value.filter((layer) => !isLoaded(layer, env));
  return { ...layerEnvironment(order, env), ...Object.fromEntries(order.map((layer) => [flagOf(layer), "1"])) };
}

/** By what the predecessor's tools leave in an environment. */
function isLoaded(layer: Layer, env: Context["env"]): boolean {
  return env[flagOf(layer)] === "1";
}

/** A name, not a secret: MD5 is what is in the environments of existing scripts. */
function flagOf({ home }: Layer): string {
  return `LAYERAPI2_LAYER_${createHash("md5").update(home).digest("hex")}_LOADED`;
}

async function installed(context: Context): Promise<readonly Layer[]> {
  const module = await moduleAtHand(context);
  if (module === undefined) return [];
  const { plugins } = await loadPlugins(module.paths, module.env);
  const own = (await loadLayers(module.paths, module.env)).layers;
  return [...plugins.map(({ layer }) => layer), ...own];
}

async function named(context: Context, given: Given): Promise<Layer | undefined> {
  const [asked] = given.args;
  return (await installed(context)).find(({ label, home }) => label === asked || home === asked);
}

function missing(context: Context, label: string): ExitCode {
  context.err(`[WARNING]: the layer ${label} is not installed, or lacks a layer that it needs`);
  return 1;
}

function stringsOf(env: Context["env"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** As one word for a shell. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
