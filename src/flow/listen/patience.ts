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
