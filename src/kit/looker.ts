import { BatchThread } from "./batch-thread.ts";
import { readBeginning } from "./beginning.ts";
import { type Describe, openMagic } from "./linux/magic.ts";
import { decodeLooked, encodePaths, type Looked, type Questions } from "./look.ts";

interface Asked {
  readonly path: string;
  readonly resolve: (looked: Looked) => void;
  readonly reject: (error: unknown) => void;
}

const THREAD = new URL("../main/looker.ts", import.meta.url);
/** So many files at once are worth a thread. */
const WORTH_A_THREAD = 6;
/** So many are told of in one message. */
const BATCH_MAX = 128;
/** Of content that takes long fewer, since the first waits for the last. */
const SLOW_BATCH_MAX = 16;
/** Content that takes so much processor time, a file, is looked at by several threads together. Microseconds. */
const SLOW_US = 150;
/** See BatchThread. Milliseconds. */
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
  readonly #thread: BatchThread<Asked>;
  /** Those that are looked at on libuv's threads. */
  #apart = 0;
  #isSlow = false;

  /**
   * Up to `parallel` files are looked at together; a thread with nothing to do ends after `idleMs` milliseconds. Throws when
   * libmagic's own database cannot be read.
   */
  constructor(questions: Questions, parallel: number, idleMs = IDLE_MS) {
    this.#questions = questions;
    this.#parallel = parallel;
    this.#describers = questions.databases.map((database) => openMagic(parallel, database ?? undefined));
    this.#header = Buffer.allocUnsafe(Math.max(1, questions.headerLength));
    this.#thread = new BatchThread<Asked>({
      script: THREAD,
      workerData: questions,
      batchMax: () => (this.#isSlow ? SLOW_BATCH_MAX : BATCH_MAX),
      idleMs,
      message: (batch) => encodePaths(batch.map(({ path }) => path)),
      answered: (batch, answer) => this.#heard(batch, answer as [string, number]),
      lost: (left) => {
        for (const asked of left) this.#lookApart(asked);
      },
    });
  }

  /** Fails with what passes (see kit/passing) and with errors of reading. */
  look(path: string): Promise<Looked> {
    return new Promise((resolve, reject) => {
      const asked = { path, resolve, reject };
      if (this.#looksApart() && this.#apart < this.#parallel) this.#lookApart(asked);
      else {
        this.#thread.add(asked);
        if (this.#thread.waiting + this.#apart >= WORTH_A_THREAD) this.#thread.start();
        this.#thread.send();
      }
    });
  }

  #looksApart(): boolean {
    return !this.#thread.isRunning || this.#isSlow;
  }

  #lookApart({ path, resolve, reject }: Asked): void {
    this.#apart += 1;
    this.#answer(path)
      .then(resolve, reject)
      .finally(() => {
        this.#apart -= 1;
        const next = this.#looksApart() ? this.#thread.takeBack() : undefined;
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

  #heard(batch: readonly Asked[], [said, cpuUs]: [string, number]): void {
    this.#isSlow = cpuUs > SLOW_US * batch.length;
    for (const [index, looked] of decodeLooked(said, this.#questions).entries()) {
      const asked = batch[index];
      if (looked instanceof Error) asked?.reject(looked);
      else asked?.resolve(looked);
    }
  }
}
