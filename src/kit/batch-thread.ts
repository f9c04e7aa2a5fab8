import { Worker } from "node:worker_threads";

export interface BatchThreadOptions<Asked> {
  /** What the thread runs. */
  readonly script: URL;
  readonly workerData?: unknown;
  /** So many are told of in the next message, at most. */
  batchMax(): number;
  /** The thread, which takes some 9 MB, ends when it had nothing to do for so long. Milliseconds. */
  readonly idleMs: number;
  /** The message about a batch; of an empty one that which tells the thread to end. */
  message(batch: readonly Asked[]): unknown;
  /** Takes the thread's answer about a batch. */
  answered(batch: readonly Asked[], answer: unknown): void;
  /** Takes back what a thread that ended on its own had not answered. */
  lost(left: readonly Asked[]): void;
}

interface Thread<Asked> {
  readonly worker: Worker;
  /** What it is busy with. */
  batch: readonly Asked[];
}

/**
 * A thread that is told of what waits, a batch a message, the next one when it has answered. Waking a thread for each would
 * cost as much as the work. It runs from `start` until it had nothing to do for a while.
 */
export class BatchThread<Asked> {
  readonly #options: BatchThreadOptions<Asked>;
  readonly #waiting: Asked[] = [];
  #thread: Thread<Asked> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: BatchThreadOptions<Asked>) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Those the thread is busy with. */
  get busy(): number {
    return this.#thread?.batch.length ?? 0;
  }

  /** Lets one wait, for `send`. */
  add(asked: Asked): void {
    this.#waiting.push(asked);
  }

  /** Takes back who has waited longest. */
  takeBack(): Asked | undefined {
    return this.#waiting.shift();
  }

  /** Starts the thread unless it runs. */
  start(): void {
    this.#thread ??= this.#begin();
  }

  /** Tells the thread of what waits, unless it is busy: then it is told when it has answered. */
  send(): void {
    const thread = this.#thread;
    if (thread === undefined || thread.batch.length > 0 || this.#waiting.length === 0) return;
    thread.batch = this.#waiting.splice(0, this.#options.batchMax());
    // Only who waits for an answer keeps the process running.
    thread.worker.ref();
    thread.worker.postMessage(this.#options.message(thread.batch));
    this.#restLater();
  }

  #begin(): Thread<Asked> {
    const { script, workerData } = this.#options;
    const worker = new Worker(script, { workerData });
    const thread: Thread<Asked> = { worker, batch: [] };
    worker.on("message", (answer: unknown) => this.#heard(thread, answer));
    worker.on("error", () => this.#ended(thread));
    worker.on("exit", () => this.#ended(thread));
    worker.unref();
    return thread;
  }

  #heard(thread: Thread<Asked>, answer: unknown): void {
    const { batch } = thread;
    thread.batch = [];
    thread.worker.unref();
    this.send();
    this.#options.answered(batch, answer);
  }

  #restLater(): void {
    this.#idle ??= setTimeout(() => this.#rest(), this.#options.idleMs).unref();
    this.#idle.refresh();
  }

  #rest(): void {
    this.#idle = undefined;
    const thread = this.#thread;
    // Nobody may send anything after what it is busy with now, and who waits counts on it.
    if (thread !== undefined && (thread.batch.length > 0 || this.#waiting.length > 0)) this.#restLater();
    else {
      this.#thread = undefined;
      thread?.worker.postMessage(this.#options.message([]));
    }
  }

  /** Whatever it was: the others go on. */
  #ended(thread: Thread<Asked>): void {
    if (this.#thread === thread) this.#thread = undefined;
    const left = [...thread.batch, ...(this.#thread === undefined ? this.#waiting.splice(0) : [])];
    thread.batch = [];
    this.#options.lost(left);
  }
}
