import { setTimeout as delay } from "node:timers/promises";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { readTextFile } from "../../kit/fs.ts";
import { childrenOf, descriptorsOf } from "../../kit/linux/process.ts";
import { listeningInode } from "../../kit/linux/unix-connections.ts";

/** An old worker closes its sockets a tenth of a second after its successors start, or a starved machine lets it wait. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 3;

/** The process that opens nginx's sockets and starts its workers; 0: none is known. */
export function nginxMaster(layout: RuntimeLayout): number {
  const read = readTextFile(layout.nginxPid);
  return read.ok ? Number(read.text) : 0;
}

/** The workers nginx has now, by their pids. */
export function nginxWorkers(layout: RuntimeLayout): readonly number[] {
  const master = nginxMaster(layout);
  return master > 1 ? childrenOf(master) : [];
}

/**
 * After a reload old workers take new connections for up to a tenth of a second, and answer them as before: waits until these
 * take none any more, a second at most. What they took already they finish. Where descriptors cannot be seen nobody is waited for.
 */
export async function leaveToSuccessors(workers: readonly number[], layout: RuntimeLayout): Promise<void> {
  const inode = listeningInode(layout.nginxSocket);
  if (inode === undefined) return;
  const end = performance.now() + PATIENCE_MS;
  const listens = (pid: number): boolean => descriptorsOf(pid, `socket:[${inode}]`) !== "";
  while (workers.some(listens) && performance.now() < end) await delay(LOOK_MS);
}
