import type { LastApply } from "../../system/apply/outcome.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { servedLine } from "../print/served.ts";

/** The command and, with `--reason`, what the person says of it: how the history keeps it. */
export function reasonOf(command: string, given: Given): string {
  const said = given.value("reason");
  return said === undefined ? command : `${command}: ${said}`;
}

/** Shows what became of a change: 0 done or nothing to do, 1 refused, 3 rolled back. */
export function showRecord(
  context: Context,
  record: LastApply,
  { module, runs }: { readonly module: string; readonly runs: boolean },
): ExitCode {
  printDiagnostics(context, record.notes);
  if (context.json) context.out(JSON.stringify(record));
  else {
    for (const action of record.actions) context.out(`${action.do} ${action.service}: ${action.because.join(", ")}`);
    context.err(`${record.did}: generation ${record.generation ?? "none"}, ${record.tookMs} ms`);
    if (record.served !== undefined) context.err(servedLine(record.served));
    if (!runs) context.err(`${module} is stopped: only its files were looked at`);
    if (record.held !== undefined) {
      context.err(`it is held until an input changes; \`metwork apply ${module}\` releases it`);
    }
  }
  if (record.did === "refused") return 1;
  return record.did === "rolled back" ? 3 : 0;
}
