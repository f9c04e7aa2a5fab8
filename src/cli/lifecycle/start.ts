import { runBySystemd } from "../../system/lifecycle/by-systemd.ts";
import { startModule } from "../../system/lifecycle/start.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { insidePlugin } from "../plugins/module.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { chosenModules } from "./modules.ts";

/** `metwork start`: every module is tried; the exit code is that of the first that failed. */
export async function start(context: Context, given: Given): Promise<ExitCode> {
  if (insidePlugin(context, chosenModules(context, given))) return 1;
  const provision = !given.flag("noinit") && !given.args.includes("NOINIT");
  let code: ExitCode = 0;
  const results: Record<string, unknown> = {};
  for (const module of chosenModules(context, given)) {
    const elsewhere = await runBySystemd(context.paths(module));
    if (elsewhere !== undefined) {
      printDiagnostics(context, [elsewhere]);
      code ||= 1;
      continue;
    }
    context.err(`starting ${module}`);
    const started = await startModule(context.paths(module), { provision, reason: `${module}.start` });
    results[module] = started;
    if (started.did === "disabled") {
      context.err(`${module} is switched off by [startup] flag`);
      continue;
    }
    const notes = started.did === "started" ? started.record.notes : started.notes;
    printDiagnostics(context, notes);
    if (started.did === "failed") {
      context.err(`${module} did not start`);
      code ||= started.record?.did === "rolled back" ? 3 : 1;
      continue;
    }
    const { record } = started;
    const left = record.leftOut.length > 0 ? `, left out: ${record.leftOut.join(", ")}` : "";
    context.err(
      `${module} is running (generation ${record.generation ?? ""}, ${record.actions.length} actions, ${record.tookMs} ms${left})`,
    );
  }
  if (context.json) context.out(JSON.stringify(results));
  return code;
}
