/** Once used up nothing is taken until so much of it is back, so that what is lost is lost in few pieces. */
const OPENS_AT = 0.1;

/** How much may be written in a minute: all of it at once, or little by little. */
export class Allowance {
  #left: number | undefined;
  #at = 0;
  #isUsedUp = false;

  /** Whether so many bytes may be written now; they count when they may. `perMinute`: bytes, 0: without limit. `now`: milliseconds. */
  takes(bytes: number, perMinute: number, now: number): boolean {
    if (perMinute <= 0) return true;
    const gained = ((now - this.#at) / 60_000) * perMinute;
    const left = Math.min(perMinute, (this.#left ?? perMinute) + gained);
    this.#at = now;
    this.#left = left;
    if (this.#isUsedUp && left < perMinute * OPENS_AT) return false;
    this.#isUsedUp = left < bytes;
    if (this.#isUsedUp) return false;
    this.#left = left - bytes;
    return true;
  }
}
