import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Places } from "./plant.ts";

/** Below `data_in`: places where files go by age. */
const AGING = ["trash/ward", "tmp/uploads", "incoming"] as const;
/** A step that nobody does. */
const WAITING = "step.never.main";

interface Ward {
  readonly path: string;
  readonly bornMs: number;
}

/** Files that the garbage collector may delete after their lifetime, and files it must never delete. */
export class Wards {
  /** Deleted before their time. */
  wrong = 0;
  /** Deleted after it. */
  expired = 0;
  readonly problems: string[] = [];
  readonly #flow: Places;
  readonly #lifetimeMs: number;
  #aging: readonly Ward[] = [];
  #waiting: readonly string[] = [];
  #made = 0;

  constructor(flow: Places, lifetimeMs: number) {
    this.#flow = flow;
    this.#lifetimeMs = lifetimeMs;
  }

  get aging(): number {
    return this.#aging.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** One more at each place. */
  add(): void {
    const name = `ward${this.#made++}`;
    this.#waiting = [...this.#waiting, this.#put(WAITING, name).path];
    // The pipeline leaves names of this kind to their senders.
    const more = AGING.map((place) => this.#put(place, `${name}.tmp`));
    this.#aging = [...this.#aging, ...more];
  }

  /** Looks what is gone, and whether its time had come. */
  check(): void {
    const nowMs = performance.now();
    const gone = this.#aging.filter(({ path }) => !existsSync(path));
    this.#aging = this.#aging.filter((ward) => !gone.includes(ward));
    for (const { path, bornMs } of gone) {
      if (nowMs - bornMs >= this.#lifetimeMs) this.expired += 1;
      else this.#accuse(`${path}: deleted after ${Math.round(nowMs - bornMs)} ms`);
    }
    const missing = this.#waiting.filter((path) => !existsSync(path));
    this.#waiting = this.#waiting.filter((path) => !missing.includes(path));
    for (const path of missing) this.#accuse(`${path}: it waited, and was deleted`);
  }

  #accuse(problem: string): void {
    this.wrong += 1;
    this.problems.push(problem);
  }

  #put(place: string, name: string): Ward {
    const directory = join(this.#flow.dataIn, place);
    mkdirSync(directory, { recursive: true });
    const staged = join(this.#flow.stage, name);
    writeFileSync(staged, name);
    const bornMs = performance.now();
    renameSync(staged, join(directory, name));
    return { path: join(directory, name), bornMs };
  }
}
