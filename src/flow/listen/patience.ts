import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import type { StepLog } from "../tell/log.ts";

const FIRST_MS = 500;
const LONGEST_MS = 5000;

/** Waits that grow while something keeps failing. Milliseconds. */
export class BackOff {
  #next = FIRST_MS;

  next(): number {
    const now = this.#next;
    this.#next = Math.min(LONGEST_MS, now * 2);
    return now;
  }

  reset(): void {
    this.#next = FIRST_MS;
  }
}

/**
 * Stores a message, again and again until it can be, since whoever sent it counts on us. Returns false once it is not
 * `wanted` any more: the sender took it back.
 */
export async function storeAtLast(store: () => void, wanted: () => boolean, log: StepLog): Promise<boolean> {
  const backOff = new BackOff();
  let told = "";
  while (wanted()) {
    try {
      store();
      return true;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== told) log.warning(`a message waits, unacknowledged: ${reason}`);
      told = reason;
    }
    await delay(backOff.next());
  }
  return false;
}
