import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runtimeLayout } from "../../core/module/paths.ts";
import { pluginEnvironment } from "../../core/plugin/environment.ts";
import { become, findProgram } from "../../kit/become.ts";
import { loadLayers } from "../../system/load/layers.ts";
import { loadPlugin, loadPlugins } from "../../system/load/plugins.ts";
import { findInstalled } from "../../system/plugins/installed.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { moduleAtHand } from "./module.ts";

type Env = Record<string, string>;

const KEPT_WHEN_EMPTY =
  /^(?:HOME|TERM|DISPLAY|COLORTERM|HOSTNAME|LANG|LOGNAME|PWD|USER|USERNAME|XAUTHORITY|METWORK_\w+)$/;
/** What layers extend: the caller's own layers must not shine through. */
const LAYERED = ["PATH", "PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH"];

/** `plugin_wrapper`: becomes the command, so that signals and exit codes are the command's own. */
export async function pluginWrapper(context: Context, given: Given): Promise<ExitCode> {
  const [asked = "", separator, ...rest] = given.args;
  const argv = separator === "--" || separator === undefined ? rest : [separator, ...rest];
  const module = await moduleAtHand(context);
  if (module === undefined) return 1;
  const { paths } = module;
  const installed = asked.includes("/") ? undefined : findInstalled(paths, asked);
  if (installed === undefined && !asked.includes("/")) {
    context.err(`ERROR: the plugin ${asked} does not seem to be installed/available`);
    return 1;
  }
  const read = await loadPlugin(installed?.home ?? resolve(context.cwd, asked), paths, module.env, installed?.devlink);
  if (!read.ok) {
    printDiagnostics(context, read.notes);
    return 1;
  }
  const plugin = read.value;
  const others = (await loadPlugins(paths, module.env)).plugins;
  const layers = [...others.map((other) => other.layer), ...(await loadLayers(paths, module.env)).layers];
  const byLabel = new Map(others.map((other) => [other.label, other]));
  const own = pluginEnvironment(plugin, layers, module.env, paths, byLabel);
  const env = { ...callerEnv(context, given.flag("empty")), ...module.env, ...own };
  await mkdir(join(runtimeLayout(paths.runtime).tmp, plugin.name), { recursive: true, mode: 0o750 });

  if (given.flag("bash-cmds")) {
    for (const [key, value] of Object.entries({ ...module.env, ...own }))
      context.out(`export ${key}=${shellQuote(value)}`);
    return 0;
  }
  const [command] = argv;
  const program = command === undefined ? undefined : findProgram(command, env["PATH"] ?? "");
  if (command === undefined || program === undefined) {
    context.err(`error[MF8054]: ${command ?? "a command"}: no such command in the environment of ${plugin.name}`);
    return 127;
  }
  if (given.flag("cwd")) process.chdir(plugin.home);
  return become(program, argv, env);
}

function callerEnv(context: Context, empty: boolean): Env {
  const prefix = `${context.module().toUpperCase()}_CURRENT_PLUGIN_`;
  const kept = Object.entries(context.env).flatMap(([key, value]): [string, string][] => {
    const leaks = LAYERED.includes(key) || key.startsWith(prefix);
    return value === undefined || leaks || (empty && !KEPT_WHEN_EMPTY.test(key)) ? [] : [[key, value]];
  });
  return Object.fromEntries(kept);
}

function shellQuote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
