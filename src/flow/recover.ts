import { readdirSync, renameSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX } from "../core/flow/names.ts";
import { type Recovery, recover } from "../core/flow/recovery.ts";
import { type StepName, stepKey } from "../core/flow/types.ts";
import { checkpoint } from "../kit/checkpoint.ts";
import { moveSidecar, readMove } from "../kit/tags.ts";
import { uniqueName } from "./ids.ts";
import { discard, inDirectory } from "./transfer.ts";

/**
 * Gives back what a dead daemon had claimed for a step, or completes what it had begun; nobody else may be working.
 * Returns how many files were there. Tags on those that go back are the ones they had when they entered the step.
 */
export function recoverClaims(claims: string, own: StepName, dataIn: string): number {
  const left = readdirSync(claims).map((name) => ({ name, move: readMove(posix.join(claims, name)) }));
  let count = 0;
  for (const action of recover(stepKey(own), left)) {
    const path = posix.join(claims, action.name);
    if (action.do === "discard") discard(path);
    else {
      giveBack(path, posix.join(dataIn, destination(action, own)));
      count += 1;
    }
    checkpoint("recovered");
  }
  for (const name of readdirSync(claims)) {
    if (name.startsWith(HIDDEN_PREFIX)) unlinkSync(posix.join(claims, name));
  }
  return count;
}

/** A path below `$IN`. */
function destination(action: Exclude<Recovery, { readonly do: "discard" }>, own: StepName): string {
  if (action.do === "move") return action.to;
  return action.do === "deliver"
    ? posix.join(`step.${stepKey(action.to)}`, uniqueName())
    : posix.join(`step.${stepKey(own)}`, action.name);
}

/** The side-car goes first: a file is never where its tags are not. */
function giveBack(from: string, to: string): void {
  inDirectory(to, () => moveSidecar(from, to));
  inDirectory(to, () => renameSync(from, to));
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
