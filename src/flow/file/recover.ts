import { readdirSync, renameSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { isPipelineName } from "../../core/flow/claim-name.ts";
import { HIDDEN_PREFIX, systemPath } from "../../core/flow/names.ts";
import { recover } from "../../core/flow/recovery.ts";
import { parseStepKey } from "../../core/flow/stranded.ts";
import { type FlowConfig, type StepName, stepKey } from "../../core/flow/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { passes } from "../../kit/passing.ts";
import { moveSidecar, readMove } from "../../kit/tags.ts";
import { messageOf } from "../errors.ts";
import { printable, type StepLog } from "../tell/log.ts";
import { settleCopies } from "./across.ts";
import { discard } from "./discard.ts";
import { inDirectory } from "./transfer.ts";

/**
 * Gives back what a dead daemon had claimed for a step, or completes what it had begun; nobody else may be working.
 * Returns how many files were there. Tags on those that go back are the ones they had when they entered the step.
 */
export function recoverClaims(claims: string, own: StepName, config: FlowConfig, log: StepLog): number {
  settleCopies(claims);
  const left = readdirSync(claims).map((name) => ({ name, move: readMove(posix.join(claims, name)) }));
  let count = 0;
  for (const action of recover(stepKey(own), left, placesOf(config))) {
    const path = posix.join(claims, action.name);
    const back = posix.join(config.dataIn, `step.${stepKey(own)}`, action.name);
    try {
      if (action.do === "discard") discard(path);
      else giveTo(path, action.do === "move" ? posix.resolve(config.dataIn, action.to) : back);
    } catch (error) {
      if (passes(error) || action.do === "discard") throw error;
      log.error(`${path} cannot go where it was sent: ${messageOf(error)}`);
      giveTo(path, back);
    }
    if (action.do !== "discard") count += 1;
    checkpoint("recovered");
  }
  for (const name of readdirSync(claims)) {
    if (name.startsWith(HIDDEN_PREFIX)) unlinkSync(posix.join(claims, name));
  }
  return count;
}

/**
 * The same for steps that nobody runs (any more): what was in work there waits in the step's own directory until it is run
 * again. Scratch files in such directories are left to the collector.
 */
export function recoverStrays(config: FlowConfig, log: StepLog): void {
  const run = new Set(config.steps.filter(({ lanes }) => lanes > 0).map(stepKey));
  const tmp = posix.join(config.dataIn, "tmp");
  for (const { name } of readdirSync(tmp, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const step = parseStepKey(name);
    const claims = posix.join(tmp, name);
    if (step === undefined || run.has(name) || !readdirSync(claims).some(isPipelineName)) continue;
    try {
      const count = recoverClaims(claims, step, config, log);
      log.warning(`${count} files were in work in ${name}, which does not run; they wait for it in step.${name}`);
    } catch (error) {
      log.error(`what was in work in ${printable(claims)} stays there: ${messageOf(error)}`);
    }
  }
}

/** Directories outside the pipeline where steps put files with their tags on them. */
function placesOf({ steps }: FlowConfig): string[] {
  return steps.flatMap(({ work }) => (work.do === "move" && work.to.to === "directory" ? [work.to.path] : []));
}

/** The side-car goes first: a file is never where its tags are not. */
function giveTo(from: string, to: string): void {
  inDirectory(to, () => moveSidecar(from, to));
  inDirectory(to, () => renameSync(from, systemPath(to)));
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
