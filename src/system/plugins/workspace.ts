import { randomBytes } from "node:crypto";
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ModulePaths, pluginsDirectory, runtimeLayout } from "../../core/module/paths.ts";
import { LockBusyError, withLock } from "../../kit/linux/lock.ts";
import { type Outcome, problem, refused } from "./failure.ts";

/** How long a command waits for another one that installs or removes a plugin. */
const LOCK_WAIT_MS = 10_000;

/** Where a plugin is made ready, beside the installed ones and on their file system. */
export interface Workspace {
  /** A new empty directory, which goes away with the workspace. */
  directory(): Promise<string>;
}

/**
 * Changes installed plugins: one process at a time, with a place for what is not installed yet. What a killed process left
 * there is cleared first. Afterwards conf_monitor is asked to look.
 */
export async function changePlugins<T>(
  paths: ModulePaths,
  work: (workspace: Workspace) => Promise<Outcome<T>>,
  waitMs = LOCK_WAIT_MS,
): Promise<Outcome<T>> {
  const layout = runtimeLayout(paths.runtime);
  const { otherPlugins } = paths;
  const incoming = otherPlugins === undefined ? join(layout.var, "plugins.incoming") : join(otherPlugins, ".incoming");
  await mkdir(layout.tmp, { recursive: true, mode: 0o750 });
  await mkdir(pluginsDirectory(paths), { recursive: true, mode: 0o750 });
  try {
    return await withLock(layout.pluginLock, waitMs, async () => {
      await clear(incoming);
      await mkdir(incoming, { mode: 0o700 });
      try {
        const outcome = await work({
          async directory() {
            const path = join(incoming, randomBytes(6).toString("hex"));
            await mkdir(path, { mode: 0o755 });
            return path;
          },
        });
        if (outcome.ok && otherPlugins === undefined) await touch(layout.confMonitor);
        return outcome;
      } finally {
        await clear(incoming);
      }
    });
  } catch (error) {
    if (!(error instanceof LockBusyError)) throw error;
    const fix = "another command installs or removes a plugin; wait for it and try again";
    return refused("busy", problem("MF3080", error.message, fix));
  }
}

/** Makes conf_monitor look at everything again. */
export async function touch(path: string): Promise<void> {
  await writeFile(path, "", { flag: "a", mode: 0o644 });
  const now = new Date();
  await utimes(path, now, now);
}

async function clear(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
