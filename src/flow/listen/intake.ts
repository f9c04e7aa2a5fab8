import { setTimeout as delay } from "node:timers/promises";
import { GroupCommit } from "../../kit/group-commit.ts";
import { messageOf } from "../errors.ts";
import type { StepLog } from "../tell/log.ts";
import type { Saving } from "./store.ts";

/** Messages that become files together: what comes meanwhile goes with the next. */
const TOGETHER = 128;
/** What could not be stored is tried again after this long: a disk that can be written again is to be found soon. */
const AGAIN_MS = 500;

export interface IntakeOptions {
  /** Files are on the disk before they count as stored. */
  readonly durable: boolean;
  /** What cannot be stored is tried until it can; else all that wait are given back after one try. */
  readonly patient: boolean;
  readonly log: StepLog;
}

interface Waiting {
  readonly saving: Saving;
  readonly wanted: () => boolean;
  readonly settle: (stored: boolean) => void;
}

interface Stepped {
  /** How many, from the first, took the step. */
  readonly done: number;
  /** What kept the next from it. */
  readonly failure?: unknown;
}

/**
 * Stores messages in the order they come, several at once, so that they share the waiting for the disk. One that cannot be
 * stored holds back those after it: they are acknowledged in their order, and the disk that fails for one fails for all.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #commit: GroupCommit | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#commit = options.durable ? new GroupCommit() : undefined;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Calls `settle` once: true, it is safe; false, it was not `wanted` any more or is given back. Calls come in the order of
   * the messages.
   */
  take(saving: Saving, wanted: () => boolean, settle: (stored: boolean) => void): void {
    this.#waiting.push({ saving, wanted, settle });
    this.#running ??= this.#run();
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    let told = "";
    // Others of the same turn come along.
    await delay(0);
    while (this.#waiting.length > 0) {
      const failure = await this.#storeSome();
      if (failure === undefined) {
        told = "";
        continue;
      }
      const reason = messageOf(failure);
      if (reason !== told) this.#options.log.warning(`a message waits, unacknowledged: ${reason}`);
      told = reason;
      await delay(AGAIN_MS);
      if (!this.#options.patient) for (const { settle } of this.#waiting.splice(0)) settle(false);
    }
    this.#running = undefined;
  }

  /** Returns what kept one from being stored. */
  async #storeSome(): Promise<unknown> {
    const unwanted = this.#waiting.filter(({ wanted }) => !wanted());
    if (unwanted.length > 0) this.#waiting = this.#waiting.filter((one) => !unwanted.includes(one));
    for (const { settle } of unwanted) settle(false);
    const group = this.#waiting.slice(0, TOGETHER);
    const written = await this.#step(group, (saving) => saving.write());
    const placed = await this.#step(group.slice(0, written.done), (saving) => saving.place());
    for (const { saving } of group.slice(placed.done)) this.#discard(saving);
    for (const { settle } of this.#waiting.splice(0, placed.done)) settle(true);
    return placed.failure ?? written.failure;
  }

  /** A disk that fails may not let go of it either: what stays is deleted by age. */
  #discard(saving: Saving): void {
    try {
      saving.discard();
    } catch (error) {
      this.#options.log.warning(`a message that was not stored leaves something behind: ${messageOf(error)}`);
    }
  }

  /** Lets each take a step, until one cannot; waits for the disk to have what they changed. */
  async #step(group: readonly Waiting[], act: (saving: Saving) => readonly string[]): Promise<Stepped> {
    const changed: (readonly string[])[] = [];
    let failure: unknown;
    for (const { saving } of group) {
      try {
        changed.push(act(saving));
      } catch (error) {
        failure = error;
        break;
      }
    }
    const commit = this.#commit;
    if (commit === undefined) return { done: changed.length, failure };
    const synced = await Promise.allSettled(changed.map((paths) => commit.sync(paths)));
    const bad = synced.findIndex(({ status }) => status === "rejected");
    const refused = synced[bad];
    return refused?.status === "rejected" ? { done: bad, failure: refused.reason } : { done: changed.length, failure };
  }
}
