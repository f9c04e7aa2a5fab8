import { resolve } from "node:path";
import type { ModuleName, ModulePaths } from "../../core/module/paths.ts";
import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import type { Context, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

export interface ModuleAtHand {
  readonly paths: ModulePaths;
  readonly env: Readonly<Record<string, string>>;
}

/** The module's paths; its plugins those of `--plugins-base-dir`, where a command takes it. */
export function pathsAtHand(context: Context, given?: Given): ModulePaths {
  const other = given?.value("plugins-base-dir");
  return other === undefined ? context.paths() : { ...context.paths(), otherPlugins: resolve(context.cwd, other) };
}

/** The module the caller works in, with its environment. Undefined, and said why, when its configuration is wrong. */
export async function moduleAtHand(context: Context, given?: Given): Promise<ModuleAtHand | undefined> {
  const paths = pathsAtHand(context, given);
  const loaded = await loadConfig(paths, gatherHost());
  if (loaded.ok) return { paths, env: loaded.value.env };
  printDiagnostics(context, loaded.notes);
  return undefined;
}

/** Refuses to change modules or plugins from inside the environment of a plugin: its layers would leak into what runs then. */
export function insidePlugin(context: Context, modules: readonly ModuleName[] = [context.module()]): boolean {
  const current = modules.map((module) => context.env[`${module.toUpperCase()}_CURRENT_PLUGIN_NAME`]).find(Boolean);
  if (current === undefined) return false;
  context.err(`error[MF8010]: this is the environment of the plugin ${current}`);
  context.err("  = help: leave it first (exit)");
  return true;
}
