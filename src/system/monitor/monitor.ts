import { rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { applyModule } from "../apply/module.ts";
import type { LastApply } from "../apply/outcome.ts";
import { readState } from "../lifecycle/state.ts";
import type { Supervisor } from "../supervisor.ts";
import { watchInputs } from "./watch.ts";

/** Waiting times after an apply that failed on the machine's side, so that a full disk is not hammered. */
const RETRY_MS = [1_000, 5_000, 30_000, 60_000];

/** How often to look whether the module has ended starting; no file event says so in time for the first look. */
const STATE_MS = 100;

export interface MonitorOptions {
  readonly paths: ModulePaths;
  readonly supervisor: Supervisor;
  /** Told of every apply, once it ended. */
  readonly report: (record: LastApply) => void;
  readonly signal: AbortSignal;
}

/**
 * Applies the module's inputs whenever one of them changes. Changes that arrive during an apply are applied after it;
 * `var/conf_monitor_idle` exists while there is nothing to do.
 */
export async function monitor({ paths, supervisor, report, signal }: MonitorOptions): Promise<void> {
  const layout = runtimeLayout(paths.runtime);
  await using inputs = watchInputs();
  // The first look is a forced one: something may have changed before the watches stood.
  let changed: readonly string[] = [layout.confMonitor];
  let failures = 0;
  while (!signal.aborted) {
    await rm(layout.confMonitorIdle, { force: true });
    const mayApply = isApplying(readState(layout));
    if (mayApply) {
      const record = await applyModule(paths, {
        dryRun: false,
        reason: `conf_monitor: ${changed.join(", ")}`,
        supervisor,
        retryFailed: changed.includes(layout.confMonitor),
      });
      report(record);
      inputs.watch(record.inputs);
      failures = record.did === "rolled back" ? failures + 1 : 0;
    }
    if (!inputs.pending()) await writeFile(layout.confMonitorIdle, "");
    const retry = mayApply ? RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] : STATE_MS;
    const next = inputs.next(signal);
    changed = retry === undefined ? await next : await Promise.race([next, delay(retry, changed)]);
  }
}

/** While the module starts or stops, those commands do the applying. */
function isApplying(state: string): boolean {
  return state === "RUNNING" || state === "ERROR";
}
