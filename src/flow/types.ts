import type { Tags } from "../core/flow/tags.ts";
import type { FailurePolicySpec, FlowStep, StepName } from "../core/flow/types.ts";
import type { GroupCommit } from "../kit/group-commit.ts";
import type { TagPlace } from "../kit/tags.ts";
import type { StepLog } from "./tell/log.ts";

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
  /** A program of a step's own was done with it: a death from now on repeats what that did. */
  handled?: boolean;
  /** Takes it instead of its removal; false: it does not. */
  farewell?: ((file: FlowFile, from: string) => boolean) | undefined;
  /** The name it waits under for its digest, removed as it is. */
  removedAs?: string;
}

/** How a file's time in a step ended. A path is where the file is now. */
export type Ending =
  /** It, or what was made of it, went to other steps; each was told as `sent`. */
  | { readonly is: "passed" }
  /** Put outside the pipeline. */
  | { readonly is: "stored"; readonly path: string }
  /** Taken away, as the step asked. */
  | { readonly is: "removed" }
  /** No rule of the switch wants it. */
  | { readonly is: "unmatched"; readonly policy: "keep" | "delete"; readonly path?: string }
  /** It failed and waits for its next try. */
  | { readonly is: "retried"; readonly reason: string; readonly delayS: number }
  /** It failed and the failure policy was applied. */
  | {
      readonly is: "buried";
      readonly reason: string;
      readonly policy: FailurePolicySpec["do"];
      readonly path: string | undefined;
    }
  /** It failed and nothing could be done with it: it stays claimed until the daemon starts again. */
  | { readonly is: "stuck"; readonly reason: string }
  /** It goes back to its step as it came; `died`: because the worker that held it did. */
  | { readonly is: "returned"; readonly died: boolean };

/** A file on its way from a step to another: the same, a copy of it, or something that was made of it. */
export interface Sent {
  readonly to: StepName;
  /** `first.core.original_uid` of what goes there: the parent's own unless the step gave it another. */
  readonly uid: string;
  /** Bytes. */
  readonly size: number;
}

/** What a step says about a file it was given. */
export type Outcome =
  /** Finished; what is still in the claim directory is removed, and `how` is then not asked for. */
  | { readonly do: "done"; readonly how?: Extract<Ending, { is: "passed" | "stored" | "unmatched" }> }
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
  /** To be called for each file it hands to a step itself. */
  readonly sent: (output: Sent) => void;
  /** Of a durable step. */
  readonly commit: GroupCommit | undefined;
}

export type StepWorker = (file: FlowFile, context: StepContext) => Outcome | Promise<Outcome>;

export const DONE: Outcome = { do: "done" };
export const PASSED: Outcome = { do: "done", how: { is: "passed" } };

export function stored(path: string): Outcome {
  return { do: "done", how: { is: "stored", path } };
}
