import { lstatSync } from "node:fs";
import { posix } from "node:path";
import { setStepTag, TAG } from "../core/flow/tags.ts";
import type { FailurePolicySpec, StepName } from "../core/flow/types.ts";
import { DEATHS_MAX, deathsOf, retriesOf, setDeaths } from "./attempts.ts";
import type { Counters } from "./counters.ts";
import { messageOf } from "./errors.ts";
import { bury } from "./failure.ts";
import { uniqueName } from "./ids.ts";
import type { Job, Lane } from "./lane.ts";
import { printable } from "./log.ts";
import type { Retries } from "./retries.ts";
import { moveFile } from "./transfer.ts";

/** What an ending needs, and who hears of it. */
export interface EndingsInput {
  readonly retries: Retries;
  readonly counters: Counters;
  readonly waiting: (step: StepName) => string;
  readonly finish: (job: Job) => void;
  readonly release: (lane: Lane) => void;
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
      this.#given.finish(job);
      return;
    }
    if (died && deaths >= DEATHS_MAX) {
      setDeaths(tags, lane.step, deaths);
      setStepTag(tags, job.counter, lane.step, "poison", `${deaths} workers died with it in their hands`);
      const name = printable(tags.get(TAG.basename) ?? "");
      lane.log.error(`${name} goes to trash: ${deaths} workers died with it in their hands`);
      this.#bury(job, path, { do: "keep" });
      return;
    }
    tags.clear();
    for (const [name, value] of before ?? []) tags.set(name, value);
    if (died) setDeaths(tags, lane.step, deaths);
    moveFile(file, path, posix.join(this.#given.waiting(lane.step), uniqueName()));
    file.path = undefined;
    this.#given.release(lane);
  }

  /** Tries it again later, or applies the failure policy. */
  fail(job: Job, reason: string): void {
    const { file, lane } = job;
    const { step, log } = lane;
    const name = printable(file.tags.get(TAG.basename) ?? "");
    log.warning(`Bad processing status for file: ${name}: ${reason}`);
    const from = file.path;
    if (from === undefined) {
      this.#given.finish(job);
      return;
    }
    try {
      const delayS = step.retry === undefined ? undefined : this.#given.retries.take(file, from, step, step.retry);
      if (delayS === undefined) {
        this.#bury(job, from, step.onFailure);
        return;
      }
      log.info(`File ${name} is tried again in ${delayS} s (${retriesOf(file.tags, step)} of ${step.retry?.total})`);
      this.#given.finish(job);
    } catch (error) {
      this.#leave(job, from, error);
    }
  }

  #bury(job: Job, from: string, policy: FailurePolicySpec): void {
    const { file, lane } = job;
    const { step, log, trash } = lane;
    const buried = (path: string): void => {
      log.info(`File ${printable(file.tags.get(TAG.basename) ?? "")} moved to ${printable(path)}`);
      this.#given.counters.trace(`${step.plugin}/${step.step}`, `>trash/${policy.do}`);
      this.#given.finish(job);
    };
    try {
      const path = bury(file, from, policy, { trash, waiting: this.#given.waiting });
      if (typeof path === "string") buried(path);
      else path.then(buried, (error: unknown) => this.#leave(job, from, error));
    } catch (error) {
      this.#leave(job, from, error);
    }
  }

  /** Nothing could be done with it; the next daemon tries again. */
  #leave(job: Job, from: string, error: unknown): void {
    job.lane.log.error(`the failed file stays in ${from}: ${messageOf(error)}`);
    this.#given.finish(job);
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
