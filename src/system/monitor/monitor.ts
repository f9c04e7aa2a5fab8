import { rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { type ApplyModuleOptions, applyModule } from "../apply/module.ts";
import type { LastApply } from "../apply/outcome.ts";
import { readState, showHealth } from "../lifecycle/state.ts";
import type { Supervisor } from "../supervisor.ts";
import { watchInputs } from "./watch.ts";

/** Waiting times after an apply that failed on the machine's side, so that a full disk is not hammered. */
const RETRY_MS = [1_000, 5_000, 30_000, 60_000];

/** The least time between two tries, whatever the clock says. */
const FIRST_RETRY_MS = 500;

export interface MonitorOptions {
  readonly paths: ModulePaths;
  readonly supervisor: Supervisor;
  /** Told of every apply, once it ended. */
  readonly report: (record: LastApply) => void;
  /** Told of an apply that could not even be tried to its end: no space, no lock, ... */
  readonly complain: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Applies the module's inputs whenever one of them changes. Changes that arrive during an apply are applied after it;
 * `var/conf_monitor_idle` exists while there is nothing to do.
 */
export async function monitor({ paths, supervisor, report, complain, signal }: MonitorOptions): Promise<void> {
  const layout = runtimeLayout(paths.runtime);
  using inputs = watchInputs();
  // While the module starts or stops those commands do the applying; the end of that is a change like others.
  const always = [layout.status, layout.confMonitor];
  inputs.watch(always);
  const attempt = (options: Pick<ApplyModuleOptions, "dryRun" | "reason" | "retryFailed">) =>
    applyModule(paths, { ...options, supervisor });
  // The first look is a forced one: something may have changed before the watches stood.
  let changed: readonly string[] = [layout.confMonitor];
  let failures = 0;
  let quarantined: LastApply["failedStarts"] = {};
  while (!signal.aborted) {
    checkpoint("monitor-woken");
    await rm(layout.confMonitorIdle, { force: true });
    checkpoint("monitor-busy");
    let isMissed = false;
    const state = readState(layout);
    // Also when somebody wrote the state by hand, to take the machine out of a load balancer.
    await showHealth(layout, state).catch(complain);
    const mayApply = isApplying(state);
    if (mayApply) {
      try {
        const retryFailed = changed.includes(layout.confMonitor);
        const record = await attempt({
          dryRun: false,
          reason: `conf_monitor: ${changed.join(", ") || "another try"}`,
          retryFailed,
        });
        checkpoint("monitor-applied");
        report(record);
        checkpoint("monitor-reported");
        failures = record.did === "rolled back" ? failures + 1 : 0;
        quarantined = record.failedStarts;
        // What was first read by this apply was not watched while it went on.
        const isNew = inputs.watch([...always, ...record.inputs]);
        isMissed = isNew && isOtherwise(record, await attempt({ dryRun: true, reason: "", retryFailed: false }));
        checkpoint("monitor-watching");
      } catch (error) {
        failures++;
        complain(error);
      }
    }
    if (mayApply && !inputs.pending() && !isMissed) await setIdle(layout.confMonitorIdle);
    checkpoint("monitor-idle");
    if (isMissed && failures === 0) continue;
    const earlier = mayApply && failures === 0 ? [] : changed;
    const retryMs = mayApply ? soonest(RETRY_MS[Math.min(failures, RETRY_MS.length) - 1], quarantined) : undefined;
    changed = [...new Set([...earlier, ...(await nextChange(retryMs))])].sort();
  }

  /** Waits for a change, or until it is time to try again. */
  async function nextChange(retryMs: number | undefined): Promise<readonly string[]> {
    if (retryMs === undefined) return inputs.next(signal);
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      const waited = delay(retryMs, [], { signal: either }).catch(() => []);
      return await Promise.race([inputs.next(either), waited]);
    } finally {
      over.abort();
    }
  }
}

/** Whether a second look finds something that the record of the first does not know. */
function isOtherwise(record: LastApply, looked: LastApply): boolean {
  const ill = ({ leftOut, kept }: LastApply): string => JSON.stringify([leftOut, kept ?? []]);
  return looked.did === "would apply" || ill(looked) !== ill(record);
}

/** Milliseconds until the next try that nothing has to ask for; undefined: none is needed. */
function soonest(afterFailure: number | undefined, quarantined: LastApply["failedStarts"]): number | undefined {
  const waits = Object.values(quarantined).map(({ retryAt }) => Math.max(FIRST_RETRY_MS, retryAt - Date.now()));
  const all = afterFailure === undefined ? waits : [...waits, afterFailure];
  return all.length === 0 ? undefined : Math.min(...all);
}

/** Without space there is no idle file, and there is more to do than that. */
async function setIdle(file: string): Promise<void> {
  await writeFile(file, "").catch(() => undefined);
}

function isApplying(state: string): boolean {
  return state === "RUNNING" || state === "ERROR";
}
