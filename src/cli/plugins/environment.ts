import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runtimeLayout } from "../../core/module/paths.ts";
import { pluginEnvironment } from "../../core/plugin/environment.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { loadLayers } from "../../system/load/layers.ts";
import { loadPlugin, loadPlugins } from "../../system/load/plugins.ts";
import { findInstalled } from "../../system/plugins/installed.ts";
import type { Context, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { moduleAtHand } from "./module.ts";

type Env = Record<string, string>;

const KEPT_WHEN_EMPTY =
  /^(?:HOME|TERM|DISPLAY|COLORTERM|HOSTNAME|LANG|LOGNAME|PWD|USER|USERNAME|XAUTHORITY|METWORK_\w+)$/;
/** What layers extend: the caller's own layers must not shine through. */
const LAYERED = ["PATH", "PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"];

export interface PluginAtHand {
  readonly plugin: Plugin;
  /** What of the module and the plugin is in its environment. */
  readonly own: Readonly<Env>;
  /** The same over what stays of the caller's. */
  readonly env: Readonly<Env>;
}

/** A plugin by its name, or by its directory when that has a slash, with its environment. Undefined, and said why, when there is none. */
export async function pluginAtHand(
  context: Context,
  given: Given,
  asked: string,
  empty: boolean,
): Promise<PluginAtHand | undefined> {
  const module = await moduleAtHand(context, given);
  if (module === undefined) return undefined;
  const { paths } = module;
  const installed = asked.includes("/") ? undefined : findInstalled(paths, asked);
  if (installed === undefined && !asked.includes("/")) {
    context.err(`ERROR: the plugin ${asked} does not seem to be installed/available`);
    return undefined;
  }
  const read = await loadPlugin(installed?.home ?? resolve(context.cwd, asked), paths, module.env, installed?.devlink);
  if (!read.ok) {
    printDiagnostics(context, read.notes);
    return undefined;
  }
  const plugin = read.value;
  const others = (await loadPlugins(paths, module.env)).plugins;
  const layers = [...others.map((other) => other.layer), ...(await loadLayers(paths, module.env)).layers];
  const byLabel = new Map(others.map((other) => [other.label, other]));
  const own = pluginEnvironment(plugin, layers, module.env, paths, byLabel);
  await mkdir(join(runtimeLayout(paths.runtime).tmp, plugin.name), { recursive: true, mode: 0o750 });
  return { plugin, own: { ...module.env, ...own }, env: { ...callerEnv(context, empty), ...module.env, ...own } };
}

function callerEnv(context: Context, empty: boolean): Env {
  const prefix = `${context.module().toUpperCase()}_CURRENT_PLUGIN_`;
  const kept = Object.entries(context.env).flatMap(([key, value]): [string, string][] => {
    const leaks = LAYERED.includes(key) || key.startsWith(prefix) || key.startsWith("LAYERAPI2_LAYER_");
    return value === undefined || leaks || (empty && !KEPT_WHEN_EMPTY.test(key)) ? [] : [[key, value]];
  });
  return Object.fromEntries(kept);
}
