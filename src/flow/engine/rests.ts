import { posix } from "node:path";
import type { Lane } from "./lane.ts";
import { BRISK_MS } from "./pace.ts";

/** Files that wait for a brisk step: who has brought the last of them rests until so many are left. */
const ENOUGH = 128;
const FEW = 64;
/** With more in its directory nobody rests until they are gone, which would take seconds. */
const QUEUED_MAX = 2048;

/**
 * Who rests: a step whose files fill the memory for a brisk step of its own program. What it would claim meanwhile had to go
 * through that step's directory, which costs as much again as all else; and once some have, all others have to queue up behind
 * them, until none is left there. It never waits for a step that is slow.
 */
export class Rests {
  readonly #for = new Map<string, Lane>();
  readonly #over: (key: string) => void;
  readonly #queued: (lane: Lane) => number;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  /** `over` is told who may go on; `queued` says how many files are in a step's directory; `now` is a monotonic clock, milliseconds. */
  constructor(over: (key: string) => void, queued: (lane: Lane) => number, now = () => performance.now()) {
    this.#over = over;
    this.#queued = queued;
    this.#now = now;
  }

  /** A file claimed at `path` is about to wait for `next`: whoever claimed it may have to rest. */
  brought(path: string, next: Lane, lanes: ReadonlyMap<string, Lane>): void {
    const queued = this.#queued(next);
    const waiting = waitingFor(next) + queued;
    if (waiting <= 0) next.pace.begins(this.#now());
    if (waiting < ENOUGH || queued > QUEUED_MAX || !next.pace.isBrisk(this.#now())) return;
    const key = posix.basename(posix.dirname(path));
    if (lanes.get(key)?.external !== false) return;
    this.#for.set(key, next);
    this.#timer ??= setTimeout(() => this.#lookAgain(), BRISK_MS).unref();
  }

  rests(key: string): boolean {
    const next = this.#for.get(key);
    if (next === undefined) return false;
    if (next.limit > 0 && !this.#hasFew(next) && next.pace.isBrisk(this.#now())) return true;
    this.#for.delete(key);
    return false;
  }

  /** A step has room for more than before. */
  eased(next: Lane): void {
    if (this.#for.size > 0 && this.#hasFew(next)) this.#tell();
  }

  #hasFew(next: Lane): boolean {
    return waitingFor(next) <= FEW && this.#queued(next) === 0;
  }

  #lookAgain(): void {
    this.#timer = undefined;
    this.#tell();
    if (this.#for.size > 0) this.#timer = setTimeout(() => this.#lookAgain(), BRISK_MS).unref();
  }

  #tell(): void {
    for (const key of this.#for.keys()) if (!this.rests(key)) this.#over(key);
  }
}

/** Files that wait in memory for the workers of a step, or are on their way there. */
function waitingFor({ room, taking }: Lane): number {
  return taking - room;
}
