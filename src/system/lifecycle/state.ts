import { readFileSync } from "node:fs";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { writeFileAtomically } from "../../kit/fs.ts";

/** The one word of `var/status`, which the load balancer helper and the predecessor's tools read. */
export type StateWord = "STARTING" | "RUNNING" | "ERROR" | "STOPPING" | "STOPPED";

export async function writeState(layout: RuntimeLayout, word: StateWord): Promise<void> {
  await writeFileAtomically(layout.status, `${word}\n`, 0o644);
}

/** `STOPPED` before the module was ever started. */
export function readState(layout: RuntimeLayout): StateWord {
  try {
    return readFileSync(layout.status, "utf8").trim() as StateWord;
  } catch {
    return "STOPPED";
  }
}
