import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, type Result, success } from "../../core/base/result.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { currentManifest } from "../apply/generations.ts";
import { gatherHost } from "../host/host.ts";
import { findPrograms, withNginxVersion } from "../host/programs.ts";
import { loadConfig } from "./config.ts";
import { readNamedFiles } from "./named-files.ts";
import { type BrokenPlugin, loadLayers, loadPlugins } from "./plugins.ts";
import { loadTemplates } from "./templates.ts";

/** Everything a plan needs, read from the machine, and where it was read. */
export interface Loaded {
  readonly input: PlanInput;
  /** Plugins that are installed but unusable, with the reasons. */
  readonly broken: readonly BrokenPlugin[];
  /** Files and directories whose change asks for a new plan, existing or not. */
  readonly inputs: readonly string[];
}

/** Reads all inputs of a module's plan. Fails only when the module's own configuration is wrong; bad plugins are set aside. */
export async function loadPlanInput(paths: ModulePaths): Promise<Result<Loaded> & { inputs: readonly string[] }> {
  const host = gatherHost();
  const loadedConfig = await loadConfig(paths, host);
  const watched = [
    ...loadedConfig.inputs,
    runtimeLayout(paths.runtime).plugins,
    runtimeLayout(paths.runtime).confMonitor,
  ];
  if (!loadedConfig.ok) return { ...failure(...loadedConfig.notes), inputs: watched };
  const config = loadedConfig.value;
  const layers = await loadLayers(paths);
  const owners = (await currentManifest(runtimeLayout(paths.runtime)))?.owners;
  const loadedPlugins = await loadPlugins(paths, config.env);
  const notes: Diagnostic[] = [...loadedConfig.notes, ...layers.notes, ...loadedPlugins.notes];
  const named = readNamedFiles(paths, config);
  const inputs = [...watched, ...named.inputs, ...loadedPlugins.inputs];
  const input: PlanInput = {
    paths,
    config,
    plugins: loadedPlugins.plugins,
    layers: layers.layers,
    host,
    programs: await withNginxVersion(findPrograms()),
    templates: loadTemplates(join(paths.root, "templates")),
    named: named.digests,
    ...(owners === undefined ? {} : { owners }),
  };
  return { ...success({ input, broken: loadedPlugins.broken, inputs }, notes), inputs };
}
