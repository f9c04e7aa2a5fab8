import { readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { writeFileAtomically } from "../../kit/fs.ts";

/** The one word of `var/status`, which the load balancer helper and the predecessor's tools read. */
export type StateWord = "STARTING" | "RUNNING" | "ERROR" | "STOPPING" | "STOPPED";

export async function writeState(layout: RuntimeLayout, word: StateWord): Promise<void> {
  await showHealth(layout, word);
  await writeFileAtomically(layout.status, `${word}\n`, 0o644);
}

/** Lets nginx answer load balancers: one file in `var/health`, named by the word. Somebody who writes `var/status` by hand is heard. */
export async function showHealth(layout: RuntimeLayout, word: string): Promise<void> {
  await mkdir(layout.health, { recursive: true, mode: 0o755 });
  const shown = join(layout.health, /^[A-Z]+$/.test(word) ? word : "UNKNOWN");
  const [first, ...others] = await readdir(layout.health);
  if (first === undefined) await writeFile(shown, "", { mode: 0o644 });
  else await rename(join(layout.health, first), shown);
  for (const other of others) if (join(layout.health, other) !== shown) await rm(join(layout.health, other));
}

/** `STOPPED` before the module was ever started. */
export function readState(layout: RuntimeLayout): StateWord {
  try {
    return readFileSync(layout.status, "utf8").trim() as StateWord;
  } catch {
    return "STOPPED";
  }
}
