import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { removeCrontab } from "../cron/install.ts";
import { connectSupervisor } from "../supervise/client.ts";
import { writeState } from "./state.ts";

/**
 * Stops a module: every service, last tier first, then the supervisor; its jobs leave the user's crontab unless
 * `keepCrontab`; leaves no socket behind. A running one goes on serving for `delayMs`, while it already says that it stops.
 * Stopping twice is fine.
 */
export async function stopModule(
  paths: ModulePaths,
  options: { readonly keepCrontab: boolean; readonly delayMs?: number },
): Promise<{ readonly did: "stopped" | "was not running"; readonly notes: readonly Diagnostic[] }> {
  const layout = runtimeLayout(paths.runtime);
  if (!exists(layout.var)) return { did: "was not running", notes: [] };
  const running = exists(layout.supervisorSocket);
  await writeState(layout, "STOPPING");
  // Load balancers are told before anybody is sent away.
  if (running && options.delayMs !== undefined) await delay(options.delayMs);
  // Starting a supervisor that finds nothing alive costs little, and clears what a killed one left.
  const supervisor = await connectSupervisor(paths, { start: true });
  await supervisor.shutdown();
  // Now that no conf_monitor could put them back.
  const notes = options.keepCrontab ? [] : await removeCrontab(paths);
  for (const name of await readdir(layout.var)) {
    if (name.endsWith(".socket") || /\.socket\.[0-9a-f]+$/.test(name))
      await rm(join(layout.var, name), { force: true });
  }
  await rm(layout.confMonitorIdle, { force: true });
  await writeState(layout, "STOPPED");
  return { did: running ? "stopped" : "was not running", notes };
}
