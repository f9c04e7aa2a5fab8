import { type ModulePaths, runtimeLayout } from "../module/paths.ts";
import { layerEnvironment, prepend } from "./layer-environment.ts";
import { resolveLayer } from "./layer-resolve.ts";
import type { Layer, Plugin } from "./types.ts";

type Env = Readonly<Record<string, string>>;

/** What of a plugin shapes its environment. */
export type EnvironmentOwner = Pick<Plugin, "name" | "label" | "home" | "layer" | "settings" | "addToPythonPath">;

/** The part that plugins with equal dependencies share, and the module's environment with it applied. */
interface Shared {
  readonly changed: Env;
  readonly merged: Env;
  readonly labels: readonly string[];
}

const SHARED = new WeakMap<readonly Layer[], WeakMap<Env, Map<string, Shared>>>();

/**
 * What a plugin's processes have over the module's environment: only the variables that differ.
 * `layers` are all that may be needed, other plugins' included, in search order; `others` are the plugins whose public
 * settings a dependency on their layer brings in. A plugin's own directories come before those of its layers.
 */
export function pluginEnvironment(
  plugin: EnvironmentOwner,
  layers: readonly Layer[],
  moduleEnv: Env,
  paths: ModulePaths,
  others: ReadonlyMap<string, EnvironmentOwner> = new Map(),
): Record<string, string> {
  const shared = sharedEnvironment(plugin.layer, layers, moduleEnv);
  const prefix = `${paths.module.toUpperCase()}_CURRENT_PLUGIN_`;
  const named: Record<string, string> = {};
  for (const label of shared.labels) {
    for (const [key, value] of Object.entries(others.get(label)?.settings ?? {})) named[prefix + key] = value;
  }
  for (const key in plugin.settings) named[prefix + key] = plugin.settings[key] ?? "";
  Object.assign(named, currentPlugin(plugin, paths));
  named["TMPDIR"] = `${runtimeLayout(paths.runtime).tmp}/${plugin.name}`;
  // Its layer may say more by what is known of it: `{MFSERV_CURRENT_PLUGIN_DIR}`.
  const own = layerEnvironment([plugin.layer], { ...shared.merged, ...named });
  const env: Record<string, string> = { ...shared.changed, ...own, ...named };
  if (plugin.addToPythonPath) {
    env["PYTHONPATH"] = prepend(env["PYTHONPATH"] ?? moduleEnv["PYTHONPATH"] ?? "", plugin.home);
  }
  for (const name in env) if (env[name] === moduleEnv[name]) delete env[name];
  return env;
}

/** The three variables that say in which plugin a process is. */
export function currentPlugin(
  plugin: Pick<Plugin, "name" | "label" | "home">,
  paths: Pick<ModulePaths, "module">,
): Record<string, string> {
  const prefix = `${paths.module.toUpperCase()}_CURRENT_PLUGIN_`;
  return { [`${prefix}NAME`]: plugin.name, [`${prefix}DIR`]: plugin.home, [`${prefix}LABEL`]: plugin.label };
}

function sharedEnvironment(layer: Layer, layers: readonly Layer[], moduleEnv: Env): Shared {
  const byEnv = getOrMake(SHARED, layers, () => new WeakMap<Env, Map<string, Shared>>());
  const byNeeds = getOrMake(byEnv, moduleEnv, () => new Map<string, Shared>());
  const key = layer.needs.map((need) => (need.optional ? "-" : "") + need.label).join("\n");
  return getOrMake(byNeeds, key, () => {
    const resolved = resolveLayer(layer, layers);
    const order = resolved.ok ? resolved.value.filter((other) => other !== layer) : [];
    const changed = layerEnvironment(order, moduleEnv);
    return { changed, merged: { ...moduleEnv, ...changed }, labels: order.map((other) => other.label) };
  });
}

function getOrMake<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
