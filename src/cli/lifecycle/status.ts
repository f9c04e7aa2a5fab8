import { isHealthy, type ModuleStatus, moduleStatus } from "../../system/lifecycle/status.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { checkLine } from "../print/check.ts";
import { chosenModules } from "./modules.ts";

/** `metwork status`: 0 when the modules are healthy (plugins may not be), else 1. */
export async function status(context: Context, given: Given): Promise<ExitCode> {
  const seen: ModuleStatus[] = [];
  for (const module of chosenModules(context, given)) seen.push(await moduleStatus(context.paths(module)));
  if (context.json) context.out(JSON.stringify(seen));
  else for (const module of seen) printStatus(context, module);
  return seen.every(isHealthy) ? 0 : 1;
}

function printStatus(context: Context, status: ModuleStatus): void {
  const state = status.runBy === undefined ? status.state : `run by ${status.runBy}`;
  context.out(`${status.module}: ${state}, generation ${status.generation ?? "none"}`);
  for (const check of status.checks) context.out(checkLine(context, check));
  const ill = status.checks.filter((check) => check.state === "ERROR" && check.plugin !== undefined);
  if (ill.length > 0 && isHealthy(status)) {
    context.out(
      `WARNING: SOME ERRORS DETECTED in plugins: ${[...new Set(ill.map((check) => check.plugin))].join(", ")}`,
    );
  }
}
