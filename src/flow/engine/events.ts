import type { Ending, Sent } from "../types.ts";
import type { Job } from "./lane.ts";

/**
 * Hears what happens to each file, on the hot path: an implementation takes what it needs of its arguments, which change
 * afterwards, and leaves all else for later. A file that a death put back is told of again, under the same uid and counter.
 */
export interface FlowEvents {
  /** A file is in a step from now on. Counter 0: it has just arrived in the pipeline. */
  entered(job: Job): void;
  sent(job: Job, output: Sent): void;
  /** Told once for each `entered`, after everything that was `sent`. */
  ended(job: Job, ending: Ending): void;
}

/** Tells several listeners, in this order. */
export function tellAll(listeners: readonly FlowEvents[]): FlowEvents {
  const [only] = listeners;
  if (only !== undefined && listeners.length === 1) return only;
  return {
    entered: (job) => {
      for (const listener of listeners) listener.entered(job);
    },
    sent: (job, output) => {
      for (const listener of listeners) listener.sent(job, output);
    },
    ended: (job, ending) => {
      for (const listener of listeners) listener.ended(job, ending);
    },
  };
}
