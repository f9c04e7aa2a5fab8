import { readdirSync, renameSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX } from "../core/flow/names.ts";
import { recover } from "../core/flow/recovery.ts";
import { type StepName, stepKey } from "../core/flow/types.ts";
import { moveSidecar } from "../kit/tags.ts";
import { uniqueName } from "./ids.ts";

/**
 * Gives back what a dead daemon had claimed for a step; nobody else may be working. Returns how many files went back.
 * Tags on them are those the file had when it entered the step.
 */
export function recoverClaims(claims: string, own: StepName, directoryOf: (step: StepName) => string): number {
  const names = readdirSync(claims);
  let count = 0;
  for (const action of recover(names)) {
    const path = posix.join(claims, action.name);
    if (action.do === "discard") unlinkSync(path);
    else {
      const to =
        action.do === "deliver"
          ? posix.join(directoryOf(action.to), uniqueName())
          : posix.join(directoryOf(own), action.name);
      giveBack(path, to);
      count += 1;
    }
  }
  for (const name of readdirSync(claims)) {
    if (name.startsWith(HIDDEN_PREFIX)) unlinkSync(posix.join(claims, name));
  }
  return count;
}

/** The side-car goes first: a file is never where its tags are not. */
function giveBack(from: string, to: string): void {
  moveSidecar(from, to);
  renameSync(from, to);
}

/** A step's own directories under `$IN`. */
export function stepDirectories(dataIn: string, step: StepName) {
  const key = stepKey(step);
  return {
    waiting: posix.join(dataIn, `step.${key}`),
    claims: posix.join(dataIn, "tmp", key),
    trash: posix.join(dataIn, "trash", key),
  } as const;
}
