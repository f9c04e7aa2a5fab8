import { Worker } from "node:worker_threads";
import { readBeginning } from "./beginning.ts";
import { type Describe, openMagic } from "./linux/magic.ts";
import { decodeLooked, encodePaths, type Looked, type Questions } from "./look.ts";

interface Asked {
  readonly path: string;
  readonly resolve: (looked: Looked) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** What it looks at now. */
  batch: readonly Asked[];
}

const THREAD = new URL("../main/looker.ts", import.meta.url);
/** So many files at once are worth a thread. */
const WORTH_A_THREAD = 6;
/** So many are told of in one message. */
const BATCH_MAX = 32;
/** Content that takes so much processor time, a file, is looked at by several threads together. Microseconds. */
const SLOW_US = 150;
/** The thread, which takes some 9 MB, ends when it had nothing to do for so long. Milliseconds. */
const IDLE_MS = 30_000;

/**
 * Says what files begin with and what libmagic calls them. A few are looked at on threads of libuv's pool, one by one; many
 * on a thread of our own, a batch a message: waking a thread for each costs as much as libmagic takes.
 */
export class Looker {
  readonly #questions: Questions;
  readonly #describers: readonly Describe[];
  readonly #header: Buffer;
  readonly #parallel: number;
  readonly #waiting: Asked[] = [];
  #thread: Thread | undefined;
  /** Those that are looked at on libuv's threads. */
  #apart = 0;
  #isSlow = false;
  readonly #idleMs: number;
  #idle: NodeJS.Timeout | undefined;

  /**
   * Up to `parallel` files are looked at together; a thread with nothing to do ends after `idleMs` milliseconds. Throws when
   * libmagic's own database cannot be read.
   */
  constructor(questions: Questions, parallel: number, idleMs = IDLE_MS) {
    this.#idleMs = idleMs;
    this.#questions = questions;
    this.#parallel = parallel;
    this.#describers = questions.databases.map((database) => describer(parallel, database));
    this.#header = Buffer.allocUnsafe(Math.max(1, questions.headerLength));
  }

  /** Fails with what passes (see kit/passing) and with errors of reading. */
  look(path: string): Promise<Looked> {
    return new Promise((resolve, reject) => {
      const asked = { path, resolve, reject };
      const apart = this.#thread === undefined || this.#isSlow;
      if (apart && this.#apart < this.#parallel) this.#lookApart(asked);
      else {
        this.#waiting.push(asked);
        if (this.#waiting.length + this.#apart >= WORTH_A_THREAD) this.#thread ??= this.#start();
        this.#send();
      }
    });
  }

  #lookApart({ path, resolve, reject }: Asked): void {
    this.#apart += 1;
    this.#answer(path)
      .then(resolve, reject)
      .finally(() => {
        this.#apart -= 1;
        const next = this.#thread === undefined || this.#isSlow ? this.#waiting.shift() : undefined;
        if (next !== undefined) this.#lookApart(next);
      });
  }

  async #answer(path: string): Promise<Looked> {
    const begin = readBeginning(path, this.#header);
    const described = this.#describers.map((describe) =>
      describe(path).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    );
    return { begin, described: await Promise.all(described) };
  }

  #start(): Thread {
    const worker = new Worker(THREAD, { workerData: this.#questions });
    const thread: Thread = { worker, batch: [] };
    worker.on("message", ([said, cpuUs]: [string, number]) => this.#heard(thread, said, cpuUs));
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
    thread.worker.ref();
    thread.worker.postMessage(encodePaths(thread.batch.map(({ path }) => path)));
    this.#restLater();
  }

  #heard(thread: Thread, said: string, cpuUs: number): void {
    const { batch } = thread;
    this.#isSlow = cpuUs > SLOW_US * batch.length;
    thread.batch = [];
    // Only who waits for an answer keeps the process running.
    thread.worker.unref();
    this.#send();
    for (const [index, looked] of decodeLooked(said, this.#questions).entries()) {
      const asked = batch[index];
      if (looked instanceof Error) asked?.reject(looked);
      else asked?.resolve(looked);
    }
  }

  #restLater(): void {
    this.#idle ??= setTimeout(() => this.#rest(), this.#idleMs).unref();
    this.#idle.refresh();
  }

  #rest(): void {
    this.#idle = undefined;
    const thread = this.#thread;
    // Nobody may send anything after what it looks at now.
    if (thread !== undefined && thread.batch.length > 0) this.#restLater();
    else {
      this.#thread = undefined;
      thread?.worker.postMessage("");
    }
  }

  /** Whatever it was: the others go on. */
  #ended(thread: Thread): void {
    if (this.#thread === thread) this.#thread = undefined;
    const left = [...thread.batch, ...(this.#thread === undefined ? this.#waiting.splice(0) : [])];
    thread.batch = [];
    for (const asked of left) this.#lookApart(asked);
  }
}

/** A bad database of a user's makes its tag say so; it must not stop the step. */
function describer(parallel: number, database: string | null): Describe {
  if (database === null) return openMagic(parallel);
  try {
    return openMagic(parallel, database);
  } catch (error) {
    return () => Promise.reject(error);
  }
}
