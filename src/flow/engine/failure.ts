import { unlinkSync } from "node:fs";
import { posix } from "node:path";
import { flatName } from "../../core/flow/basename.ts";
import { TAG } from "../../core/flow/tags.ts";
import type { FailurePolicySpec, StepName } from "../../core/flow/types.ts";
import type { GroupCommit } from "../../kit/group-commit.ts";
import { dropSidecar } from "../../kit/tags.ts";
import { waitingName } from "../file/ids.ts";
import { moveFile, placeFile } from "../file/transfer.ts";
import type { FlowFile } from "../types.ts";

/** Where failed files of a step may go. */
export interface Graves {
  /** `$IN/trash/<plugin>.<step>`. */
  readonly trash: string;
  readonly waiting: (step: StepName) => string;
  readonly commit?: GroupCommit | undefined;
}

/**
 * Applies a failure policy; returns where the file went, undefined: nowhere. Only the policy `delete` deletes: a file that cannot
 * even be put in trash stays claimed, to be processed again by the next daemon.
 */
export function bury(
  file: FlowFile,
  from: string,
  policy: FailurePolicySpec,
  graves: Graves,
): string | undefined | Promise<string> {
  if (policy.do === "delete") {
    removeFile(file, from);
    return undefined;
  }
  const name = file.tags.get(TAG.basename);
  if (policy.do !== "move") return keepFile(file, from, graves.trash, name, graves.commit);
  if (policy.to.to === "directory") return keepFile(file, from, policy.to.path, name, graves.commit);
  const path = posix.join(graves.waiting(policy.to.step), waitingName(file.tags));
  moveFile(file, from, path);
  return path;
}

/** Puts a file, with its tags beside it, where a person will look at it, under a name that person knows. */
export function keepFile(
  file: FlowFile,
  from: string,
  directory: string,
  name = "unknown",
  commit?: GroupCommit,
): string | Promise<string> {
  return placeFile(file, from, { directory, name: flatName(name), tagsSuffix: ".tags", commit });
}

export function removeFile(file: FlowFile, from: string): void {
  if (file.farewell?.(file, from) !== true) unlinkSync(from);
  if (file.place === "sidecar") dropSidecar(from);
  file.path = undefined;
}
