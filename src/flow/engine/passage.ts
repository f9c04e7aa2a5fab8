import { posix } from "node:path";
import { tenths } from "../../core/base/utc.ts";
import { raisePriority } from "../../core/flow/priority.ts";
import { enterStep, listTags, TAG } from "../../core/flow/tags.ts";
import type { StepName } from "../../core/flow/types.ts";
import { passes } from "../../kit/passing.ts";
import { messageOf } from "../errors.ts";
import { waitingName } from "../file/ids.ts";
import { moveFile } from "../file/transfer.ts";
import { AGAIN_MS } from "../patience.ts";
import { logTags, printable } from "../tell/log.ts";
import type { Ending, FlowFile, Outcome, Sent, StepContext } from "../types.ts";
import { Endings } from "./endings.ts";
import type { FlowEvents } from "./events.ts";
import { removeFile } from "./failure.ts";
import type { Job, Lane } from "./lane.ts";
import type { Retries } from "./retries.ts";

/** What a passage needs, and who hears of it. */
export interface PassageInput {
  readonly events: FlowEvents;
  readonly retries: Retries;
  /** Where a step's files wait. */
  readonly waiting: (step: StepName) => string;
  /** The lane of a step that takes a file at once, in memory. */
  readonly next: (file: FlowFile, from: Lane, to: StepName) => Lane | undefined;
  /** A lane has one file less. */
  readonly release: (lane: Lane) => void;
}

/** Steps a file may go through before it is taken for one that goes round in circles. */
const STEP_LIMIT = 1000;

/** Takes claimed files through steps: into one, out of it as the step says, in memory into the next where that can be. */
export class Passage {
  readonly #given: PassageInput;
  readonly #endings: Endings;

  constructor(given: PassageInput) {
    this.#given = given;
    this.#endings = new Endings({
      retries: given.retries,
      waiting: given.waiting,
      finish: (job, ending) => this.#finish(job, ending),
    });
  }

  /** Takes a file, already counted in its lane, through steps as long as they answer at once. */
  run(file: FlowFile, first: Lane): void {
    let lane: Lane | undefined = first;
    while (lane !== undefined) lane = this.#work(this.#enter(file, lane));
  }

  #enter(file: FlowFile, lane: Lane): Job {
    const before = lane.external ? listTags(file.tags) : undefined;
    if (lane.step.priority !== undefined) raisePriority(file.tags, lane.step.priority);
    const counter = enterStep(file.tags, lane.step, Date.now());
    const job = { file, lane, counter, startedMs: performance.now(), before };
    this.#given.events.entered(job);
    lane.log.debug(`Start the processing of ${file.path}`);
    if (counter === 0) logTags(lane.log, "Setting tag ", file.tags);
    return job;
  }

  /** Returns the lane the file is now in, when it is to go on at once. */
  #work(job: Job): Lane | undefined {
    const { file, lane, counter } = job;
    if (counter > STEP_LIMIT) {
      return this.#conclude(job, { do: "failed", reason: `it went through more than ${STEP_LIMIT} steps` });
    }
    const sent = (output: Sent): void => this.#given.events.sent(job, output);
    const context: StepContext = { step: lane.step, counter, log: lane.log, sent, commit: lane.commit };
    try {
      const outcome = lane.worker(file, context);
      if (!(outcome instanceof Promise)) return this.#conclude(job, outcome);
      outcome.then(
        (later) => this.#goOn(job, later),
        (error: unknown) => this.#stumble(job, error, () => this.#workAgain(job)),
      );
    } catch (error) {
      this.#stumble(job, error, () => this.#workAgain(job));
    }
    return undefined;
  }

  #goOn(job: Job, outcome: Outcome): void {
    const lane = this.#conclude(job, outcome);
    if (lane !== undefined) this.run(job.file, lane);
  }

  #workAgain(job: Job): void {
    const lane = this.#work(job);
    if (lane !== undefined) this.run(job.file, lane);
  }

  /** When it is the machine that cannot, for now, the same is tried again: such a file has not failed. */
  #stumble(job: Job, error: unknown, again: () => void): void {
    if (!passes(error)) {
      this.#endings.fail(job, messageOf(error));
      return;
    }
    const name = printable(job.file.tags.get(TAG.basename) ?? "");
    job.lane.log.warning(`${name} waits until the machine can go on with it: ${messageOf(error)}`);
    setTimeout(again, AGAIN_MS);
  }

  #conclude(job: Job, outcome: Outcome): Lane | undefined {
    const from = job.file.path;
    try {
      switch (outcome.do) {
        case "failed":
          this.#endings.fail(job, outcome.reason);
          return undefined;
        case "back":
          this.#endings.putBack(job, outcome.died);
          return undefined;
        case "send":
          return this.#send(job, from, outcome.to);
        case "done":
          if (from !== undefined) removeFile(job.file, from);
          this.#finish(job, outcome.how ?? { is: "removed" });
          return undefined;
      }
    } catch (error) {
      this.#stumble(job, error, () => this.#goOn(job, outcome));
      return undefined;
    }
  }

  /**
   * To a step with room: in memory. The file stays where it was claimed, from where a death would repeat the steps since
   * (at most one of them has effects outside). Else into the step's directory, its tags on it.
   */
  #send(job: Job, from: string | undefined, to: StepName): Lane | undefined {
    const { file, lane } = job;
    if (from === undefined) {
      this.#finish(job, { is: "removed" });
      return undefined;
    }
    const next = this.#given.next(file, lane, to);
    if (next === undefined) moveFile(file, from, posix.join(this.#given.waiting(to), waitingName(file.tags)));
    else {
      next.busy += 1;
      if (lane.external) file.handled = true;
    }
    this.#given.events.sent(job, { to, uid: file.tags.get(TAG.uid) ?? "", size: file.size });
    this.#finish(job, { is: "passed" });
    return next;
  }

  #finish(job: Job, ending: Ending): void {
    const { lane, startedMs, file, counter } = job;
    this.#given.events.ended(job, ending);
    if (ending.is !== "returned") {
      const name = printable(file.tags.get(TAG.basename) ?? "");
      const tookMs = tenths(performance.now() - startedMs);
      lane.log.info(`End of the ${name} processing after ${tookMs} ms (step ${counter})`);
    }
    this.#given.release(lane);
  }
}
