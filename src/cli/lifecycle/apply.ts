import { runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { applyModule } from "../../system/apply/module.ts";
import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import { missingInternals } from "../../system/plugins/provision.ts";
import { connectSupervisor } from "../../system/supervise/client.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { chosenModule } from "./modules.ts";
import { reasonOf, showRecord } from "./record.ts";

/** `metwork apply`: 0 applied or nothing to do, 1 refused, 3 rolled back. */
export async function applyNow(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths(chosenModule(context, given));
  const runs = exists(runtimeLayout(paths.runtime).supervisorSocket);
  const supervisor = runs ? await connectSupervisor(paths, { start: false }) : undefined;
  const record = await applyModule(paths, {
    dryRun: given.flag("dry-run"),
    reason: reasonOf("metwork apply", given),
    retryFailed: true,
    release: true,
    ...(supervisor === undefined ? {} : { supervisor }),
  });
  // They are installed by a start, whatever is applied.
  const config = await loadConfig(paths, gatherHost());
  const missing = config.ok ? missingInternals(paths, config.value, supervisor !== undefined) : [];
  return showRecord(
    context,
    { ...record, notes: [...record.notes, ...missing] },
    { module: paths.module, runs: supervisor !== undefined },
  );
}
