import type { Tags } from "../core/flow/tags.ts";
import type { FlowStep, StepName } from "../core/flow/types.ts";
import type { TagPlace } from "../kit/tags.ts";
import type { StepLog } from "./log.ts";

/** A file claimed for a step: only this process touches it. */
export interface FlowFile {
  /** In the claim directory of the step that took it from disk, plain ASCII; undefined once a step has put it elsewhere. */
  path: string | undefined;
  readonly tags: Tags;
  /** Where the tags on disk are; those in memory may be newer. */
  place: TagPlace | undefined;
  /** It has other hard links, which an attribute would be shared with. */
  readonly shared: boolean;
  /** Bytes, when it was claimed. */
  readonly size: number;
  /** The module's user owns it. */
  readonly owned: boolean;
}

/** What a step says about a file it was given. */
export type Outcome =
  /** Finished; what is still in the claim directory is removed. */
  | { readonly do: "done" }
  | { readonly do: "send"; readonly to: StepName }
  | { readonly do: "failed"; readonly reason: string }
  /** It goes back to its step as it came; `died`: because the worker that held it did. */
  | { readonly do: "back"; readonly died: boolean };

/** Where and for whom a step works. */
export interface StepContext {
  readonly step: FlowStep;
  /** Number of steps the file entered before. */
  readonly counter: number;
  readonly log: StepLog;
}

export type StepWorker = (file: FlowFile, context: StepContext) => Outcome | Promise<Outcome>;

export const DONE: Outcome = { do: "done" };
