import { readdirSync } from "node:fs";
import { join } from "node:path";
import { numberOf } from "../../../core/config/access.ts";
import type { ModuleConfig } from "../../../core/config/types.ts";
import type { Reason } from "../../../core/flow/pressure.ts";
import type { FlowConfig } from "../../../core/flow/types.ts";
import type { RuntimeLayout } from "../../../core/module/paths.ts";
import { readTextFile } from "../../../kit/fs.ts";
import type { EntranceFacts } from "../types.ts";
import { look } from "./seen.ts";
import { volumeOf } from "./storage.ts";

const MIB = 2 ** 20;
/** Directories counted below one that is watched with all below it: more than that is many in any case. */
const BELOW_MAX = 100_000;

/** What the ways into the pipeline depend on. */
export function gatherEntrances(layout: RuntimeLayout, config: ModuleConfig, dataIn: string): EntranceFacts {
  const read = readTextFile(layout.refusing);
  return {
    refusing: read.ok ? parseRefusing(read.text) : undefined,
    freeBytes: numberOf(config, "data_in.min_free_space") * MIB,
    freeInodes: numberOf(config, "data_in.min_free_inodes"),
    volume: volumeOf(dataIn),
  };
}

/** How many directories the pipeline watches, those below others too. */
export function watchedDirectories({ watched }: FlowConfig): number {
  return watched.reduce((sum, { directory, recursive }) => sum + 1 + (recursive ? directoriesBelow(directory) : 0), 0);
}

function directoriesBelow(directory: string): number {
  let count = 0;
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined && count < BELOW_MAX; next = pending.pop()) {
    const at = next;
    const listed = look(() => readdirSync(at, { withFileTypes: true }));
    for (const entry of listed.ok ? listed.value : []) {
      if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
      count += 1;
      pending.push(join(at, entry.name));
    }
  }
  return count;
}

/** On a full disk the file may be empty: it says enough by being there. */
function parseRefusing(text: string): EntranceFacts["refusing"] {
  const parsed = look(() => JSON.parse(text) as { since?: string; reasons?: readonly Reason[] });
  const { since, reasons } = parsed.ok ? parsed.value : {};
  return { since, reasons: reasons ?? [] };
}
