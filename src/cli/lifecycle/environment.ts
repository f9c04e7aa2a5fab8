import { runtimeLayout } from "../../core/module/paths.ts";
import { prepareLayout } from "../../system/apply/layout.ts";
import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import { loadLayers } from "../../system/load/layers.ts";
import type { Context, ExitCode } from "../command.ts";
import { quoted, withLayer } from "../former/layers.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

type Env = Readonly<Record<string, string>>;

/** Of who they are and what they speak, a shell's user knows better. */
const OF_THE_USER = new Set(["HOME", "USER", "LOGNAME", "LANG"]);

/**
 * A module's environment with its default layer; the words of `path` come after the module's own. Undefined when its
 * configuration has mistakes, which are printed.
 */
export async function moduleEnvironment(context: Context, path = ""): Promise<Env | undefined> {
  const paths = context.paths();
  await prepareLayout(runtimeLayout(paths.runtime));
  const loaded = await loadConfig(paths, gatherHost());
  if (!loaded.ok) {
    printDiagnostics(context, loaded.notes);
    return undefined;
  }
  const { layers } = await loadLayers(paths, loaded.value.env);
  const words = `${loaded.value.env["PATH"] ?? ""}:${path}`.split(":").filter((word) => word !== "");
  const env = { ...loaded.value.env, PATH: [...new Set(words)].join(":") };
  return { ...env, ...withLayer(layers, `default@${paths.module}`, env) };
}

/** `metwork env`: what a shell evaluates to be in the module's environment. */
export async function printEnvironment(context: Context): Promise<ExitCode> {
  const env = await moduleEnvironment(context, context.env["PATH"]);
  if (env === undefined) return 1;
  const shown = Object.entries(env).filter(([name]) => !OF_THE_USER.has(name) || context.env[name] === undefined);
  if (context.json) context.out(JSON.stringify(Object.fromEntries(shown), null, 2));
  else for (const [name, value] of shown) context.out(`export ${name}=${quoted(value)}`);
  return 0;
}
