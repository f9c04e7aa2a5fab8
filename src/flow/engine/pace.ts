/** A step that has finished so many files within so many milliseconds, two for each, is brisk. */
const FINISHED = 64;
export const BRISK_MS = 128;

/** How fast a step finishes files, told of each with the time (monotonic, milliseconds). */
export class Pace {
  #count = 0;
  #begunMs = Number.NEGATIVE_INFINITY;
  #briskAtMs = Number.NEGATIVE_INFINITY;

  /** It had nothing to do and gets a file: it is taken for brisk until it has had time to show it. */
  begins(nowMs: number): void {
    this.#count = 0;
    this.#begunMs = nowMs;
    this.#briskAtMs = nowMs + BRISK_MS;
  }

  finished(nowMs: number): void {
    this.#count += 1;
    if (this.#count < FINISHED) return;
    if (nowMs - this.#begunMs <= BRISK_MS) this.#briskAtMs = nowMs;
    this.#count = 0;
    this.#begunMs = nowMs;
  }

  /** Whether it finishes five hundred files a second, did until just now, or has just begun. */
  isBrisk(nowMs: number): boolean {
    return nowMs - this.#briskAtMs <= BRISK_MS;
  }
}
