import { posix } from "node:path";
import type { Lane } from "./lane.ts";
import { BRISK_MS } from "./pace.ts";

/** Files of a brisk step that wait in memory: who has brought the last of them rests until so many are left. */
const ENOUGH = 128;
const FEW = 64;

/**
 * Who rests: a step whose files fill the memory for a brisk step of its own program. What it would claim meanwhile had to go
 * through that step's directory, which costs as much again as all else. It never waits for a step that is slow.
 */
export class Rests {
  readonly #for = new Map<string, Lane>();
  readonly #over: (key: string) => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  /** `over` is told who may go on; `now` is a monotonic clock, milliseconds. */
  constructor(over: (key: string) => void, now = () => performance.now()) {
    this.#over = over;
    this.#now = now;
  }

  /** A file claimed at `path` is about to wait for `next` in memory: whoever claimed it may have to rest. */
  brought(path: string, next: Lane, lanes: ReadonlyMap<string, Lane>): void {
    const waiting = waitingFor(next);
    if (waiting <= 0) next.pace.begins(this.#now());
    if (waiting < ENOUGH || !next.pace.isBrisk(this.#now())) return;
    const key = posix.basename(posix.dirname(path));
    if (lanes.get(key)?.external !== false) return;
    this.#for.set(key, next);
    this.#timer ??= setTimeout(() => this.#lookAgain(), BRISK_MS).unref();
  }

  rests(key: string): boolean {
    const next = this.#for.get(key);
    if (next === undefined) return false;
    if (next.limit > 0 && waitingFor(next) > FEW && next.pace.isBrisk(this.#now())) return true;
    this.#for.delete(key);
    return false;
  }

  /** A step has room for more than before. */
  eased(next: Lane): void {
    if (this.#for.size > 0 && waitingFor(next) <= FEW) this.#tell();
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
