import { resolve } from "node:path";
import { checkPluginName } from "../../core/plugin/name.ts";
import { loadPlugin } from "../../system/load/plugins.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { reportTask } from "../print/task.ts";
import { moduleAtHand } from "./module.ts";

/** `plugins.check`. */
export async function check(context: Context, given: Given): Promise<ExitCode> {
  const module = await moduleAtHand(context);
  if (module === undefined) return 1;
  const read = await loadPlugin(resolve(context.cwd, given.args[0] ?? ""), module.paths, module.env);
  reportTask(context, "Checking plugin", read.ok ? "OK" : "ERROR");
  printDiagnostics(context, read.notes);
  if (context.json) context.out(JSON.stringify({ ok: read.ok, notes: read.notes }));
  return read.ok ? 0 : 1;
}

/** `plugins_validate_name`. */
export async function validateName(context: Context, given: Given): Promise<ExitCode> {
  const note = checkPluginName(given.args[0] ?? "");
  context.out(note === undefined ? "OK" : `ERROR: ${note.message}`);
  return note === undefined ? 0 : 1;
}
