import { unlinkSync } from "node:fs";
import { flatName } from "../core/flow/basename.ts";
import { TAG } from "../core/flow/tags.ts";
import type { FlowStep, StepName } from "../core/flow/types.ts";
import { dropSidecar } from "../kit/tags.ts";
import { placeFile } from "./transfer.ts";
import type { FlowFile } from "./types.ts";

/** What became of a failed file. */
export type Buried = { readonly to: string } | { readonly to: StepName };

/**
 * Applies a step's failure policy. A file that cannot even be put in trash stays claimed, to be processed again by the
 * next daemon: only the policy `delete` deletes.
 */
export function bury(file: FlowFile, from: string, step: FlowStep, trash: string): Buried | Promise<Buried> {
  const policy = step.onFailure;
  if (policy.do === "delete") {
    removeFile(file, from);
    return { to: ">trash/delete" };
  }
  if (policy.do === "move" && policy.to.to === "step") return { to: policy.to.step };
  const directory = policy.do === "move" && policy.to.to === "directory" ? policy.to.path : trash;
  return placed(keepFile(file, from, directory, file.tags.get(TAG.basename)));
}

/** Puts a file, with its tags beside it, where a person will look at it, under a name that person knows. */
export function keepFile(file: FlowFile, from: string, directory: string, name = "unknown"): string | Promise<string> {
  return placeFile(file, from, { directory, name: flatName(name), tagsSuffix: ".tags" });
}

export function removeFile(file: FlowFile, from: string): void {
  unlinkSync(from);
  if (file.place === "sidecar") dropSidecar(from);
  file.path = undefined;
}

function placed(path: string | Promise<string>): Buried | Promise<Buried> {
  return typeof path === "string" ? { to: path } : path.then((to) => ({ to }));
}
