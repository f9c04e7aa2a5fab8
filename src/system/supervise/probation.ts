import { writeFileSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";

/** So many short lives within this time, milliseconds, and the next process is begun at low priority. */
const SHORT_LIVES = 3;
const WITHIN_MS = 60_000;
/** A life shorter than this, milliseconds, counts. */
const SHORT_MS = 5_000;
/** A tenth of what others get of a busy core; all of one that is idle. */
const LOWER = 10;

/**
 * What dies again and again costs a start each time, and whatever it does until it dies: its next processes get the cores
 * that nobody else wants. One that then lives for a minute is replaced, since only root could give it its priority back.
 */
export class Probation {
  readonly #onPassed: () => void;
  #ends: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `onPassed`: one at low priority has lived for a minute. */
  constructor(onPassed: () => void) {
    this.#onPassed = onPassed;
  }

  /** A process ended unasked after so many milliseconds. */
  ended(livedMs: number): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    this.#ends = this.#ends.filter((end) => now - end < WITHIN_MS);
    if (livedMs < SHORT_MS) this.#ends.push(now);
  }

  /** Its successor was begun this moment; gives whether it is on probation. */
  begun(pid: number): boolean {
    if (this.#ends.length < SHORT_LIVES || pid <= 0) return false;
    try {
      lower(pid);
    } catch {
      // It has ended already.
      return false;
    }
    this.#timer = setTimeout(this.#onPassed, WITHIN_MS);
    return true;
  }

  /** The process is somebody else's business now, or another program. */
  over(): void {
    clearTimeout(this.#timer);
    this.#ends = [];
  }
}

/**
 * A process's priority counts among those of its session only, where the kernel groups by session (sched(7), autogroup):
 * there the session, which each process here has for itself, gets it as well.
 */
function lower(pid: number): void {
  const priority = Math.min(constants.priority.PRIORITY_LOW, getPriority(pid) + LOWER);
  setPriority(pid, priority);
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(priority));
  } catch {
    // The kernel does not group so, or was asked too often: a few starts of many at the usual priority do not matter.
  }
}
