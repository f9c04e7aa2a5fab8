import { stopModule } from "../../system/lifecycle/stop.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { chosenModules } from "./modules.ts";

/** `metwork stop`: last started module first. */
export async function stop(context: Context, given: Given): Promise<ExitCode> {
  const results: Record<string, string> = {};
  for (const module of [...chosenModules(context, given)].reverse()) {
    results[module] = await stopModule(context.paths(module));
    context.err(`${module}: ${results[module]}`);
  }
  if (context.json) context.out(JSON.stringify(results));
  return 0;
}
