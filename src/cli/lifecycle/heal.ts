import { healModule } from "../../system/lifecycle/heal.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { chosenModules } from "./modules.ts";

/** `<mod>.autorestart`. 1 when a module is still ill. */
export async function heal(context: Context, given: Given): Promise<ExitCode> {
  const results: Record<string, unknown> = {};
  let code: ExitCode = 0;
  for (const module of chosenModules(context, given)) {
    const healed = await healModule(context.paths(module));
    results[module] = healed;
    printDiagnostics(context, healed.notes);
    context.err(`${module}: ${healed.did}, ${healed.because}`);
    if (healed.did === "failed") code = 1;
  }
  if (context.json) context.out(JSON.stringify(results));
  return code;
}
