import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import type { Manifest } from "../../core/plan/types.ts";

/**
 * The files of the tree of which a running service may have read an older text: noted before a switch, cleared when every
 * service that reads them was told. Without it, who comes after a kill would find the new tree and think all is done.
 */
export async function readDoubt(layout: RuntimeLayout): Promise<readonly string[]> {
  try {
    return JSON.parse(await readFile(doubtFile(layout), "utf8")) as readonly string[];
  } catch {
    return [];
  }
}

/** Not synced to the disk: a machine that goes down takes the services along. */
export async function noteDoubt(layout: RuntimeLayout, before: Manifest, next: Manifest): Promise<void> {
  const paths = new Set([...Object.keys(before.files), ...Object.keys(next.files)]);
  const changed = [...paths].filter((path) => before.files[path] !== next.files[path]);
  await writeFile(`${doubtFile(layout)}.new`, JSON.stringify(changed), { mode: 0o600 });
  await rename(`${doubtFile(layout)}.new`, doubtFile(layout));
}

export async function clearDoubt(layout: RuntimeLayout): Promise<void> {
  await rm(doubtFile(layout), { force: true });
}

/** What runs, as if the doubtful files had been unlike any that could follow. */
export function inDoubt(before: Manifest, doubtful: readonly string[]): Manifest {
  return { ...before, files: { ...before.files, ...Object.fromEntries(doubtful.map((path) => [path, ""])) } };
}

function doubtFile(layout: RuntimeLayout): string {
  return join(layout.tmp, "apply_doubt.json");
}
