import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { textOf } from "../../core/config/access.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { prepareLayout } from "../apply/layout.ts";
import { gatherHost } from "../host/host.ts";
import { loadConfig, prepareUserConfig } from "../load/config.ts";
import { stopModule } from "./stop.ts";

export type Initialised = { readonly ok: true } | { readonly ok: false; readonly notes: readonly Diagnostic[] };

/** Where files wait or are worked on, below `$IN`; trash was given up already. */
const FINISHED = new Set(["trash"]);

/**
 * Stops a module and makes its home as new: `tmp`, `var` with the installed plugins, and `log` are emptied, its configuration
 * stays. `soft`: nothing is removed. Files of the pipeline that nobody has processed are refused to be removed without `force`.
 */
export async function initModule(
  paths: ModulePaths,
  options: { readonly soft: boolean; readonly force: boolean },
): Promise<Initialised> {
  const layout = runtimeLayout(paths.runtime);
  await stopModule(paths, { keepCrontab: false });
  if (!options.soft) {
    const waiting = options.force ? [] : await unprocessed(paths);
    if (waiting.length > 0) return { ok: false, notes: [stillWaiting(waiting)] };
    for (const directory of [layout.tmp, layout.var, layout.log]) await empty(directory);
  }
  await prepareLayout(layout);
  await prepareUserConfig(paths);
  return { ok: true };
}

/** As the predecessor: hidden entries stay. So do locks: whoever starts meanwhile must find the one that somebody holds. */
async function empty(directory: string): Promise<void> {
  if (!exists(directory)) return;
  for (const name of await readdir(directory)) {
    if (!name.startsWith(".") && !name.endsWith(".lock"))
      await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Directories of the pipeline in which files are, each with how many. */
async function unprocessed(paths: ModulePaths): Promise<readonly string[]> {
  const loaded = paths.module === "mfdata" ? await loadConfig(paths, gatherHost()) : undefined;
  if (loaded?.ok !== true) return [];
  const dataIn = textOf(loaded.value, "data_in.dir");
  if (!exists(dataIn)) return [];
  const found: string[] = [];
  for (const entry of await readdir(dataIn, { withFileTypes: true })) {
    if (!entry.isDirectory() || FINISHED.has(entry.name)) continue;
    const inside = await readdir(join(dataIn, entry.name), { withFileTypes: true, recursive: true });
    const files = inside.filter((one) => one.isFile()).length;
    if (files > 0) found.push(`${join(dataIn, entry.name)} (${files})`);
  }
  return found;
}

function stillWaiting(directories: readonly string[]): Diagnostic {
  return {
    code: "MF6060",
    severity: "error",
    message: `files that nobody has processed would be removed: ${directories.join(", ")}`,
    fix: "start the module and let it process them, or say --force",
  };
}
