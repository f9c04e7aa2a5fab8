import { answers, type Probe } from "./ready.ts";
import type { Ward } from "./ward.ts";

/** How many questions may wait for an answer at the same time, all services together. */
const MOST_AT_ONCE = 256;

type Question = NonNullable<Ward["service"]["liveness"]>;

/** Asks running processes again and again for an answer; any will do. Who gives none for too long is condemned. */
export class Liveness {
  readonly #wards: () => readonly Ward[];
  /** By run, when it was asked last, in milliseconds of a clock that never jumps. */
  #asked = new Map<string, number>();
  readonly #waiting = new Map<string, AbortController>();

  constructor(wards: () => readonly Ward[]) {
    this.#wards = wards;
  }

  /** Puts the questions that are due. */
  ask(): void {
    const now = performance.now();
    const asked = new Map<string, number>();
    for (const ward of this.#wards()) {
      const { liveness } = ward.service;
      if (liveness === undefined || ward.socket === "") continue;
      const { run } = ward.child;
      // The first question comes at a random moment, so that those started together are not asked together.
      const last = this.#asked.get(run) ?? now - Math.random() * liveness.everyMs;
      const isDue = now - last >= liveness.everyMs && this.#waiting.size < MOST_AT_ONCE && !this.#waiting.has(run);
      asked.set(run, isDue ? now : last);
      if (isDue) void this.#question(ward, liveness);
    }
    this.#asked = asked;
  }

  end(): void {
    for (const waiting of this.#waiting.values()) waiting.abort();
  }

  async #question({ child, socket, condemn }: Ward, liveness: Question): Promise<void> {
    const over = new AbortController();
    this.#waiting.set(child.run, over);
    const timer = setTimeout(() => over.abort("silent"), liveness.silentMs);
    timer.unref();
    void child.ended.then(() => over.abort("ended"));
    await answers(probeOf(liveness, socket), over.signal);
    clearTimeout(timer);
    this.#waiting.delete(child.run);
    // A refused or broken connection is an answer too: the process is there, and may be about to end.
    if (over.signal.reason === "silent") condemn(`it answered nothing for ${liveness.silentMs / 1000} s`);
  }
}

function probeOf({ path, script }: Question, socket: string): Probe {
  const to = { path: socket };
  return script === undefined ? { ask: "http", to, path, below: 600 } : { ask: "fastcgi", to, path, script };
}
