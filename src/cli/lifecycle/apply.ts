import { runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { applyModule } from "../../system/apply/module.ts";
import { connectSupervisor } from "../../system/supervise/client.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { chosenModule } from "./modules.ts";

/** `metwork apply`: 0 applied or nothing to do, 1 refused, 3 rolled back. */
export async function applyNow(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths(chosenModule(context, given));
  const runs = exists(runtimeLayout(paths.runtime).supervisorSocket);
  const supervisor = runs ? await connectSupervisor(paths, { start: false }) : undefined;
  const record = await applyModule(paths, {
    dryRun: given.flag("dry-run"),
    reason: "metwork apply",
    retryFailed: true,
    ...(supervisor === undefined ? {} : { supervisor }),
  });
  printDiagnostics(context, record.notes);
  if (context.json) context.out(JSON.stringify(record));
  else {
    for (const action of record.actions) context.out(`${action.do} ${action.service}: ${action.because.join(", ")}`);
    context.err(`${record.did}: generation ${record.generation ?? "none"}, ${record.tookMs} ms`);
    if (supervisor === undefined) context.err(`${paths.module} is stopped: only its files were looked at`);
  }
  if (record.did === "refused") return 1;
  return record.did === "rolled back" ? 3 : 0;
}
