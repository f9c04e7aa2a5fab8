import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { connectSupervisor } from "../supervise/client.ts";
import { writeState } from "./state.ts";

/** Stops a module: every service, last tier first, then the supervisor; leaves no socket behind. Stopping twice is fine. */
export async function stopModule(paths: ModulePaths): Promise<"stopped" | "was not running"> {
  const layout = runtimeLayout(paths.runtime);
  if (!exists(layout.var)) return "was not running";
  const running = exists(layout.supervisorSocket);
  await writeState(layout, "STOPPING");
  // Starting a supervisor that finds nothing alive costs little, and clears what a killed one left.
  const supervisor = await connectSupervisor(paths, { start: true });
  await supervisor.shutdown();
  for (const name of await readdir(layout.var)) {
    if (name.endsWith(".socket") || /\.socket\.[0-9a-f]+$/.test(name))
      await rm(join(layout.var, name), { force: true });
  }
  await rm(layout.confMonitorIdle, { force: true });
  await writeState(layout, "STOPPED");
  return running ? "stopped" : "was not running";
}
