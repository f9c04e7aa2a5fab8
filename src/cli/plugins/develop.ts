import { resolve } from "node:path";
import { buildArchive } from "../../system/plugins/build.ts";
import { developPlugin } from "../../system/plugins/develop.ts";
import type { Outcome } from "../../system/plugins/failure.ts";
import { repackage } from "../../system/plugins/repackage.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { reportTask } from "../print/task.ts";
import { putInForce } from "./in-force.ts";
import { moduleAtHand } from "./module.ts";

/** `_plugins.develop`. */
export async function develop(context: Context, given: Given): Promise<ExitCode> {
  const module = await moduleAtHand(context);
  if (module === undefined) return 2;
  const directory = resolve(context.cwd, given.value("plugin-path") ?? ".");
  const outcome = await developPlugin(module.paths, module.env, directory);
  const what = outcome.ok ? outcome.value.name : (given.args[0] ?? directory);
  const title = `Devlinking plugin ${what}`;
  if (outcome.ok && outcome.value.already) {
    const fine = given.flag("ignore-already-installed");
    reportTask(context, `${title} (already installed)`, fine ? "OK" : "ERROR");
    return fine ? putInForce(context, module.paths, what, "plugins develop") : 3;
  }
  reportTask(context, title, outcome.ok ? "OK" : "ERROR");
  printDiagnostics(context, outcome.notes);
  if (outcome.ok) return putInForce(context, module.paths, what, "plugins develop");
  return outcome.why === "name" ? 3 : 2;
}

/** `_plugins.make`. */
export async function make(context: Context, given: Given): Promise<ExitCode> {
  const module = await moduleAtHand(context);
  if (module === undefined) return 1;
  const directory = resolve(context.cwd, given.value("plugin-path") ?? ".");
  const built = await buildArchive(module.paths, module.env, directory, context.cwd);
  return reportBuilt(context, built, given.flag("show-plugin-path"));
}

/** `plugins.repackage`. */
export async function repackageInstalled(context: Context, given: Given): Promise<ExitCode> {
  const module = await moduleAtHand(context);
  if (module === undefined) return 1;
  const built = await repackage(module.paths, module.env, given.args[0] ?? "", context.cwd);
  return reportBuilt(context, built, true);
}

function reportBuilt(context: Context, built: Outcome<string>, showPath: boolean): ExitCode {
  reportTask(context, "Building plugin", built.ok ? "OK" : "ERROR");
  printDiagnostics(context, built.notes);
  if (!built.ok) return 1;
  if (context.json) context.out(JSON.stringify({ path: built.value }));
  else if (showPath) context.out(built.value);
  return 0;
}
