import { initModule } from "../../system/lifecycle/init.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { insidePlugin } from "../plugins/module.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { moduleAmong } from "./modules.ts";

/** `<mod>.init [soft]`. */
export async function init(context: Context, given: Given): Promise<ExitCode> {
  const { module, words } = moduleAmong(context, given);
  const unknown = words.find((word) => !["soft", "QUIET"].includes(word));
  if (unknown !== undefined) throw new UsageError(`unknown word \`${unknown}\``);
  if (insidePlugin(context, [module])) return 1;
  const outcome = await initModule(context.paths(module), { soft: words.includes("soft"), force: given.flag("force") });
  if (!outcome.ok) printDiagnostics(context, outcome.notes);
  else context.err(`${module} is as new; ${module}.start starts it`);
  if (context.json) context.out(JSON.stringify(outcome.ok ? { initialised: module } : { failed: outcome.notes }));
  return outcome.ok ? 0 : 1;
}
