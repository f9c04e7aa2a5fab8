import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bytes of a jump: since when, and how far from the real clock. */
const JUMP = 16;
const COUNT = 8;
const JUMPS_MAX = 2000;

/** A wall clock that jumps under processes while they run; those with `env` go by it. It needs a C compiler. */
export class JumpingClock implements Disposable {
  readonly env: Record<string, string>;
  readonly #home = mkdtempSync(join(tmpdir(), "clock-"));
  readonly #fd: number;
  #jumps = 0n;
  /** From the real clock, milliseconds. */
  offsetMs = 0;

  constructor() {
    const library = join(this.#home, "clock.so");
    const source = join(import.meta.dirname, "jumping-clock.c");
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
    const path = join(this.#home, "jumps");
    writeFileSync(path, Buffer.alloc(COUNT + JUMPS_MAX * JUMP));
    this.#fd = openSync(path, "r+");
    this.env = { LD_PRELOAD: library, METWORK_CLOCK: path };
  }

  /** What its processes take the time to be, milliseconds since the epoch. */
  get nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  jump(ms: number): void {
    if (this.#jumps >= JUMPS_MAX) throw new Error(`more than ${JUMPS_MAX} jumps`);
    this.offsetMs += ms;
    const jump = BigInt64Array.of(BigInt(Date.now()) * 1_000_000n, BigInt(this.offsetMs) * 1_000_000n);
    writeSync(this.#fd, jump, 0, JUMP, COUNT + Number(this.#jumps) * JUMP);
    this.#jumps += 1n;
    writeSync(this.#fd, BigInt64Array.of(this.#jumps), 0, COUNT, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#home, { recursive: true });
  }
}
