import { sortedRecord } from "../base/order.ts";
import { pluginEnvironment } from "../plugin/environment.ts";
import type { Admitted } from "./admit.ts";
import type { PlanInput } from "./input.ts";

type Env = Readonly<Record<string, string>>;

/** The environment all plugin parts of the module start from. */
export const MODULE_ENVIRONMENT = "module";

/** The name of what a plugin's parts have over the module's environment. */
export function environmentOf(plugin: string): string {
  return `plugin.${plugin}`;
}

/** The environments services name: the module's, and per plugin what differs from it. */
export function planEnvironments(input: PlanInput, { plugins }: Admitted): Record<string, Env> {
  const module = moduleEnvironment(input);
  const others = new Map(plugins.map((plugin) => [plugin.label, plugin]));
  const layers = [...plugins.map((plugin) => plugin.layer), ...input.layers];
  const environments: Record<string, Env> = { [MODULE_ENVIRONMENT]: module };
  for (const plugin of plugins) {
    const own = pluginEnvironment(plugin, layers, module, input.paths, others);
    environments[environmentOf(plugin.name)] = sortedRecord(own);
  }
  return environments;
}

/**
 * The environment of the appliance's own daemons: only what says where they are, so that an edit of the module's
 * configuration never restarts the one that is applying it.
 */
export function daemonEnvironment(input: PlanInput): Record<string, string> {
  const { paths, config, host } = input;
  const kept = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_NUMERIC", "TZ", "MFEXT_HOME", "MFMODULE_HOME"];
  const env: Record<string, string> = {};
  for (const name of kept) {
    const value = config.env[name];
    if (value !== undefined) env[name] = value;
  }
  // A name given by the caller must stay; one that was read is read again, so that its file can change.
  if (config.env["METWORK_MFCONFIG_ORIGIN"] === "env") env["MFCONFIG"] = config.configurationName;
  env["MFMODULE"] = paths.module.toUpperCase();
  env["MFMODULE_RUNTIME_HOME"] = paths.runtime;
  env["METWORK_ETC"] = paths.etc;
  // Keeps the stripped and compiled sources: half the start time, and no type stripper in memory.
  env["NODE_COMPILE_CACHE"] = `${paths.runtime}/var/compile_cache`;
  if (host.uid === 0) env["METWORK_ALLOW_USAGE_BY_ROOT"] = "1";
  return sortedRecord(env);
}

function moduleEnvironment(input: PlanInput): Env {
  const { python3Version } = input.programs;
  return sortedRecord({ ...input.config.env, ...(python3Version && { PYTHON3_SHORT_VERSION: python3Version }) });
}
