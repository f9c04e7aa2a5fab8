import { flagOf } from "../../core/config/access.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { applyModule } from "../../system/apply/module.ts";
import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import { connectSupervisor } from "../../system/supervise/client.ts";
import type { Context, ExitCode } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { servedLine } from "../print/served.ts";
import { reportTask } from "../print/task.ts";

/**
 * Puts in force what was installed, linked or removed, when the module runs, so that the command ends when the change is
 * served. `always`: also where changes are left to the user. 0: in force (or the module is stopped), 3: rolled back, 4: the plugin is installed but does not serve.
 */
export async function putInForce(
  context: Context,
  paths: ModulePaths,
  plugin: string,
  command: string,
  always = false,
): Promise<ExitCode> {
  if (!exists(runtimeLayout(paths.runtime).supervisorSocket)) return 0;
  const loaded = await loadConfig(paths, gatherHost());
  if (!always && loaded.ok && !flagOf(loaded.value, "autorestart.flag")) {
    context.err(`nothing is put in force by itself ([autorestart] flag = 0); run: metwork apply ${paths.module}`);
    return 0;
  }
  const supervisor = await connectSupervisor(paths, { start: false });
  const reason = `${command}: ${plugin}`;
  const record = await applyModule(paths, { dryRun: false, reason, supervisor, retryFailed: true });
  supervisor.close();
  const left = record.leftOut.includes(plugin) || record.kept?.includes(plugin) === true;
  const failed = record.did === "rolled back" || record.did === "refused";
  reportTask(context, `Putting ${paths.module} in force`, failed || left ? "ERROR" : "OK");
  if (record.served !== undefined && !context.json) context.err(servedLine(record.served, plugin));
  printDiagnostics(context, failed ? record.notes : record.notes.filter((note) => note.plugin === plugin));
  if (failed) return 3;
  return left ? 4 : 0;
}
