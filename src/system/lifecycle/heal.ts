import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { writeFileAtomically } from "../../kit/fs.ts";
import type { Check } from "./check.ts";
import { startModule } from "./start.ts";
import { readState, writeState } from "./state.ts";
import { type ModuleStatus, moduleStatus } from "./status.ts";
import { stopModule } from "./stop.ts";

export interface Healed {
  readonly did: "nothing" | "left alone" | "restarted" | "failed";
  /** What was wrong, or why nothing was done. */
  readonly because: string;
  readonly notes: readonly Diagnostic[];
}

/** Starts, stops and installs that take longer than this have died. */
const PATIENCE_MS = 600_000;
/** What is wrong may pass by itself. */
const SECOND_LOOK_MS = 30_000;

/**
 * Looks at a module that should run and, when it is ill twice in a row, starts it again: for the case that even the
 * supervisor has died, which keeps all else alive. Plugins alone are never a reason. `secondLookMs`: between the two looks.
 */
export async function healModule(paths: ModulePaths, secondLookMs = SECOND_LOOK_MS): Promise<Healed> {
  const layout = runtimeLayout(paths.runtime);
  const leave = (because: string): Healed => ({ did: "left alone", because, notes: [] });
  const state = readState(layout);
  if (state === "STOPPED") return leave("it is stopped");
  if (isFresh(join(layout.var, "block_autorestart"))) return leave("var/block_autorestart asks for it");
  if ((state === "STARTING" || state === "STOPPING") && isFresh(layout.status)) return leave(`it is ${state}`);
  const status = await moduleStatus(paths);
  if (status.runBy !== undefined) return leave(`its services are run by ${status.runBy}, which starts them again`);
  const first = await illness(paths, status);
  if (first === undefined) {
    if (state === "ERROR") await writeState(layout, "RUNNING");
    return { did: "nothing", because: "it is well", notes: [] };
  }
  await writeState(layout, "ERROR");
  await delay(secondLookMs);
  const second = await illness(paths, await moduleStatus(paths));
  if (second === undefined) {
    await writeState(layout, "RUNNING");
    return { did: "nothing", because: `it is well again after: ${first}`, notes: [] };
  }
  await stopModule(paths, { keepCrontab: true });
  const started = await startModule(paths, { provision: true, reason: `healed: ${second}` });
  if (started.did === "started") return { did: "restarted", because: second, notes: started.record.notes };
  return { did: "failed", because: second, notes: started.did === "failed" ? started.notes : [] };
}

async function illness(paths: ModulePaths, { checks }: ModuleStatus): Promise<string | undefined> {
  await tellChecks(paths, checks);
  const wrong = checks.filter((check: Check) => check.state === "ERROR" && check.plugin === undefined);
  return wrong.length === 0 ? undefined : wrong.map(({ name, message }) => `${name}: ${message}`).join("; ");
}

/** `var/status.json`: what the last look found, in the form the predecessor's tools read. */
async function tellChecks(paths: ModulePaths, checks: readonly Check[]): Promise<void> {
  const status = Object.fromEntries(checks.map(({ name, state }) => [`Checking ${name}`, state]));
  const text = `${JSON.stringify({ status, date: new Date().toISOString() })}\n`;
  await writeFileAtomically(runtimeLayout(paths.runtime).statusJson, text, 0o644);
}

function isFresh(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Math.abs(Date.now() - stat.mtimeMs) < PATIENCE_MS;
}
