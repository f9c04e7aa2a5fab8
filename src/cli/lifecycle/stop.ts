import { runBySystemd } from "../../system/lifecycle/by-systemd.ts";
import { stopDelayMs } from "../../system/lifecycle/delays.ts";
import { stopModule } from "../../system/lifecycle/stop.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { insidePlugin } from "../plugins/module.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { chosenModules } from "./modules.ts";

/** `metwork stop`: last started module first. */
export async function stop(context: Context, given: Given): Promise<ExitCode> {
  if (insidePlugin(context, chosenModules(context, given))) return 1;
  let code: ExitCode = 0;
  const results: Record<string, string> = {};
  const keepCrontab = given.flag("keepcron") || given.args.includes("KEEPCRON");
  for (const module of [...chosenModules(context, given)].reverse()) {
    const paths = context.paths(module);
    const elsewhere = await runBySystemd(paths);
    if (elsewhere !== undefined) {
      printDiagnostics(context, [elsewhere]);
      code = 1;
      continue;
    }
    const { did, notes } = await stopModule(paths, { keepCrontab, delayMs: await stopDelayMs(paths) });
    printDiagnostics(context, notes);
    results[module] = did;
    context.err(`${module}: ${results[module]}`);
  }
  if (context.json) context.out(JSON.stringify(results));
  return code;
}
