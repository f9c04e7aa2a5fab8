import { formatTags, TAG } from "../../core/flow/tags.ts";
import { BatchThread } from "../../kit/batch-thread.ts";
import type { FlowFile } from "../types.ts";
import { type Order, type Placement, placeFile, placeNow } from "./transfer.ts";

interface Asked {
  readonly file: FlowFile;
  readonly from: string;
  readonly placement: Placement;
  readonly resolve: (path: string | Promise<string>) => void;
  readonly reject: (error: unknown) => void;
}

const THREAD = new URL("../../main/placer.ts", import.meta.url);
/** So many files in one turn of the event loop are worth a thread; those that come after so many are worth a message to it. */
const WORTH_A_THREAD = 8;
const WORTH_A_MESSAGE = 2;
/** So many are told of in one message. */
const BATCH_MAX = 128;
/** Files that are on their way to the thread or in its hands, at most: what comes on top the caller's thread places itself. */
export const PLACED_MAX = 4 * BATCH_MAX;
/** See BatchThread. Milliseconds. */
const IDLE_MS = 30_000;

/**
 * Puts files outside the pipeline. A few it places at once; of many a second thread takes most, since the kernel takes half of
 * the engine's time for these two names. Its death is that of the process, so that a file has the states it always had.
 */
export class Placer {
  readonly #thread = new BatchThread<Asked>({
    script: THREAD,
    batchMax: () => BATCH_MAX,
    idleMs: IDLE_MS,
    message: (batch) => batch.map(orderOf),
    answered: (batch, answer) => heard(batch, answer as readonly (string | undefined)[]),
    lost: (left) => left.forEach(placeHere),
  });
  /** Files since this turn of the event loop began. */
  #count = 0;

  /** As placeFile does, for placements that neither replace nor keep tags. */
  place(file: FlowFile, from: string, placement: Placement): string | Promise<string> {
    if (placement.commit !== undefined || file.handled || !this.#areMany()) return placeFile(file, from, placement);
    this.#thread.start();
    if (this.#thread.waiting + this.#thread.busy >= PLACED_MAX) return placeNow(file, from, placement);
    return new Promise((resolve, reject) => this.#thread.add({ file, from, placement, resolve, reject }));
  }

  /** Files come together from where they were looked at. */
  #areMany(): boolean {
    if (this.#count === 0) {
      setImmediate(() => {
        this.#count = 0;
        this.#thread.send();
      });
    }
    this.#count += 1;
    return this.#count > (this.#thread.isRunning ? WORTH_A_MESSAGE : WORTH_A_THREAD);
  }
}

function heard(batch: readonly Asked[], paths: readonly (string | undefined)[]): void {
  for (const [index, asked] of batch.entries()) {
    const path = paths[index];
    if (path === undefined) placeHere(asked);
    else {
      asked.file.path = undefined;
      asked.resolve(path);
    }
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
