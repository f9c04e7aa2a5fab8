import { setTimeout as sleep } from "node:timers/promises";
import type { RunnableService } from "../../core/plan/services.ts";
import { sendSignal } from "../../kit/linux/process.ts";
import { type Child, endsWithin, signalChild } from "./child.ts";
import type { Sweeper } from "./leftovers.ts";

const LOOK_AGAIN_MS = 20;
/** How long the kernel may take to end a killed process before it is given up (uninterruptible sleep). */
const KILLED_MS = 5_000;

/**
 * Ends a process gracefully: the signal to itself, then to those of its group that outlive it, SIGKILL to everything of
 * it when the grace is over. Resolves when nothing of it is left.
 */
export async function terminate(child: Child, stop: RunnableService["stop"], sweeper: Sweeper): Promise<void> {
  const deadline = Date.now() + stop.graceMs;
  signalChild(child, stop.signal);
  if ((await endsWithin(child, stop.graceMs)) && sendSignal(-child.pid, stop.signal)) {
    while (Date.now() < deadline && sendSignal(-child.pid, 0)) await sleep(LOOK_AGAIN_MS);
  }
  await kill(child, sweeper);
}

/** Ends a process and everything of it at once. */
export async function kill(child: Child, sweeper: Sweeper): Promise<void> {
  if (child.pid > 0) await sweeper.sweep(child.run, child.pid);
  await endsWithin(child, KILLED_MS);
  await child.release();
}
