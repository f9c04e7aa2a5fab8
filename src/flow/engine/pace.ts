/** A step that has finished so many files, none of them slower than a millisecond on the average, is brisk. */
const FINISHED = 64;
export const BRISK_MS = 64;

/** How fast a step finishes files, told of each with the time (monotonic, milliseconds). */
export class Pace {
  #count = 0;
  #begunMs = Number.NEGATIVE_INFINITY;
  #briskAtMs = Number.NEGATIVE_INFINITY;

  finished(nowMs: number): void {
    this.#count += 1;
    if (this.#count < FINISHED) return;
    if (nowMs - this.#begunMs <= BRISK_MS) this.#briskAtMs = nowMs;
    this.#count = 0;
    this.#begunMs = nowMs;
  }

  /** Whether it finishes a thousand files a second, or did until just now. */
  isBrisk(nowMs: number): boolean {
    return nowMs - this.#briskAtMs <= BRISK_MS;
  }
}
