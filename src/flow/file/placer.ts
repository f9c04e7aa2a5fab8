import { Worker } from "node:worker_threads";
import { formatTags, TAG } from "../../core/flow/tags.ts";
import type { FlowFile } from "../types.ts";
import { type Order, type Placement, placeFile, placeNow } from "./transfer.ts";

interface Asked {
  readonly file: FlowFile;
  readonly from: string;
  readonly placement: Placement;
  readonly resolve: (path: string | Promise<string>) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  batch: readonly Asked[];
}

const THREAD = new URL("../../main/placer.ts", import.meta.url);
/** So many files in one turn of the event loop are worth a thread; those that come after so many are worth a message to it. */
const WORTH_A_THREAD = 8;
const WORTH_A_MESSAGE = 2;
/** So many are told of in one message. */
const BATCH_MAX = 32;
/** Files that are on their way to the thread or in its hands, at most: what comes on top the caller's thread places itself. */
export const PLACED_MAX = 2 * BATCH_MAX;
/** The thread, which takes some 9 MB, ends when it had nothing to do for so long. Milliseconds. */
const IDLE_MS = 30_000;

/**
 * Puts files outside the pipeline. A few it places at once; of many a second thread takes most, since the kernel takes half of
 * the engine's time for these two names. Its death is that of the process, so that a file has the states it always had.
 */
export class Placer {
  readonly #waiting: Asked[] = [];
  #thread: Thread | undefined;
  /** Files since this turn of the event loop began. */
  #count = 0;
  #idle: NodeJS.Timeout | undefined;

  /** As placeFile does, for placements that neither replace nor keep tags. */
  place(file: FlowFile, from: string, placement: Placement): string | Promise<string> {
    if (placement.commit !== undefined || file.handled || !this.#areMany()) return placeFile(file, from, placement);
    this.#thread ??= this.#start();
    if (this.#waiting.length + this.#thread.batch.length >= PLACED_MAX) return placeNow(file, from, placement);
    return new Promise((resolve, reject) => this.#waiting.push({ file, from, placement, resolve, reject }));
  }

  /** Files come together from where they were looked at. */
  #areMany(): boolean {
    if (this.#count === 0) {
      setImmediate(() => {
        this.#count = 0;
        this.#send();
      });
    }
    this.#count += 1;
    return this.#count > (this.#thread === undefined ? WORTH_A_THREAD : WORTH_A_MESSAGE);
  }

  #start(): Thread {
    const worker = new Worker(THREAD);
    const thread: Thread = { worker, batch: [] };
    worker.on("message", (paths: readonly (string | undefined)[]) => this.#heard(thread, paths));
    worker.on("error", () => this.#ended(thread));
    worker.on("exit", () => this.#ended(thread));
    worker.unref();
    return thread;
  }

  /** Gives the thread what has come while it was busy. */
  #send(): void {
    const thread = this.#thread;
    if (thread === undefined || thread.batch.length > 0 || this.#waiting.length === 0) return;
    thread.batch = this.#waiting.splice(0, BATCH_MAX);
    // Only who waits for an answer keeps the process running.
    thread.worker.ref();
    thread.worker.postMessage(thread.batch.map(orderOf));
    this.#idle ??= setTimeout(() => this.#rest(), IDLE_MS).unref();
    this.#idle.refresh();
  }

  #heard(thread: Thread, paths: readonly (string | undefined)[]): void {
    const { batch } = thread;
    thread.batch = [];
    thread.worker.unref();
    this.#send();
    for (const [index, asked] of batch.entries()) {
      const path = paths[index];
      if (path === undefined) placeHere(asked);
      else {
        asked.file.path = undefined;
        asked.resolve(path);
      }
    }
  }

  #rest(): void {
    this.#idle = undefined;
    const thread = this.#thread;
    if (thread === undefined || thread.batch.length > 0 || this.#waiting.length > 0) return;
    this.#thread = undefined;
    thread.worker.postMessage([]);
  }

  /** Whatever it was: the others go on. */
  #ended(thread: Thread): void {
    const isOurs = this.#thread === thread;
    if (isOurs) this.#thread = undefined;
    const left = [...thread.batch, ...(isOurs ? this.#waiting.splice(0) : [])];
    thread.batch = [];
    for (const asked of left) placeHere(asked);
  }
}

/** What the thread could not: it is found out here why, as it would have been without one. */
function placeHere({ file, from, placement, resolve, reject }: Asked): void {
  try {
    resolve(placeNow(file, from, placement));
  } catch (error) {
    reject(error);
  }
}

function orderOf({ file, from, placement: { directory, name, tagsSuffix, chmod } }: Asked): Order {
  const tags = tagsSuffix === "" ? "" : formatTags(file.tags);
  return [from, directory, name, tagsSuffix, tags, file.tags.get(TAG.uid) ?? "", file.place, chmod];
}
