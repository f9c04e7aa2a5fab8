import { lstatSync } from "node:fs";
import { posix } from "node:path";
import { restoreTags, setStepTag, TAG } from "../../core/flow/tags.ts";
import type { FailurePolicySpec, StepName } from "../../core/flow/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { passes } from "../../kit/passing.ts";
import { messageOf } from "../errors.ts";
import { waitingName } from "../file/ids.ts";
import { moveFile } from "../file/transfer.ts";
import { AGAIN_MS } from "../patience.ts";
import { logTags, printable } from "../tell/log.ts";
import type { Ending } from "../types.ts";
import { DEATHS_MAX, deathsOf, retriesOf, setDeaths } from "./attempts.ts";
import { bury } from "./failure.ts";
import type { Job } from "./lane.ts";
import type { Retries } from "./retries.ts";

/** What an ending needs, and who hears of it. */
export interface EndingsInput {
  readonly retries: Retries;
  readonly waiting: (step: StepName) => string;
  readonly finish: (job: Job, ending: Ending) => void;
}

/** The ends of a file in a step that are not its success. */
export class Endings {
  readonly #given: EndingsInput;

  constructor(given: EndingsInput) {
    this.#given = given;
  }

  /** As it came, except that the deaths of its workers are counted; the one that seems to kill them is set aside. */
  putBack(job: Job, died: boolean): void {
    const { file, lane, before } = job;
    const { path, tags } = file;
    const deaths = deathsOf(tags, lane.step) + (died ? 1 : 0);
    if (path === undefined || !isThere(path)) {
      file.path = undefined;
      this.#given.finish(job, { is: "removed" });
      return;
    }
    if (died && deaths >= DEATHS_MAX) {
      setDeaths(tags, lane.step, deaths);
      setStepTag(tags, job.counter, lane.step, "poison", `${deaths} workers died with it in their hands`);
      const reason = `${deaths} workers died with it in their hands`;
      lane.log.error(`${printable(tags.get(TAG.basename) ?? "")} goes to trash: ${reason}`);
      this.#bury(job, path, { do: "keep" }, reason);
      return;
    }
    restoreTags(tags, before ?? []);
    if (died) setDeaths(tags, lane.step, deaths);
    this.#return(job, path, died);
  }

  #return(job: Job, path: string, died: boolean): void {
    const { file, lane } = job;
    try {
      moveFile(file, path, posix.join(this.#given.waiting(lane.step), waitingName(file.tags)));
    } catch (error) {
      this.#stumble(job, path, error, () => this.#return(job, path, died));
      return;
    }
    file.path = undefined;
    checkpoint("put-back");
    this.#given.finish(job, { is: "returned", died });
  }

  /** Tries it again later, or applies the failure policy. */
  fail(job: Job, reason: string): void {
    const { file, lane } = job;
    const { step, log } = lane;
    const name = printable(file.tags.get(TAG.basename) ?? "");
    log.warning(`Bad processing status for file: ${name}: ${reason}`);
    logTags(log, "", file.tags);
    const from = file.path;
    if (from === undefined) {
      this.#given.finish(job, { is: "stuck", reason });
      return;
    }
    try {
      const delayS = step.retry === undefined ? undefined : this.#given.retries.take(file, from, step, step.retry);
      if (delayS === undefined) {
        this.#bury(job, from, step.onFailure, reason);
        return;
      }
      log.info(`File ${name} is tried again in ${delayS} s (${retriesOf(file.tags, step)} of ${step.retry?.total})`);
      this.#given.finish(job, { is: "retried", reason, delayS });
    } catch (error) {
      this.#stumble(job, from, error, () => this.fail(job, reason));
    }
  }

  #bury(job: Job, from: string, policy: FailurePolicySpec, reason: string): void {
    const { file, lane } = job;
    const { log, trash } = lane;
    const buried = (path: string | undefined): void => {
      log.info(`File ${printable(file.tags.get(TAG.basename) ?? "")} moved to ${printable(path ?? "nowhere")}`);
      this.#given.finish(job, { is: "buried", reason, policy: policy.do, path });
    };
    const stumbled = (error: unknown): void =>
      this.#stumble(job, from, error, () => this.#bury(job, from, policy, reason));
    try {
      const path = bury(file, from, policy, { trash, waiting: this.#given.waiting, commit: lane.commit });
      if (path instanceof Promise) path.then(buried, stumbled);
      else buried(path);
    } catch (error) {
      stumbled(error);
    }
  }

  /** The same again soon, when it is the machine that cannot; else nothing could be done: the next daemon tries again. */
  #stumble(job: Job, from: string, error: unknown, again: () => void): void {
    if (passes(error)) {
      setTimeout(again, AGAIN_MS);
      return;
    }
    job.lane.log.error(`the failed file stays in ${from}: ${messageOf(error)}`);
    this.#given.finish(job, { is: "stuck", reason: messageOf(error) });
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
