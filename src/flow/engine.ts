import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Hint } from "../core/flow/hint.ts";
import { enterStep, TAG } from "../core/flow/tags.ts";
import { type FlowConfig, type FlowStep, type StepName, stepKey } from "../core/flow/types.ts";
import { type Claim, claim } from "./claim.ts";
import type { Counters } from "./counters.ts";
import { makeDirectory } from "./directory.ts";
import { Endings } from "./endings.ts";
import { codeOf, messageOf } from "./errors.ts";
import { removeFile } from "./failure.ts";
import { uniqueName } from "./ids.ts";
import { hasRoom, type Job, type Lane } from "./lane.ts";
import { type Logs, printable } from "./log.ts";
import { recoverClaims, stepDirectories } from "./recover.ts";
import { Retries } from "./retries.ts";
import { stepWorker } from "./steps/index.ts";
import { moveFile } from "./transfer.ts";
import type { FlowFile, Outcome } from "./types.ts";
import type { Workers } from "./workers.ts";

/** Where the engine gets announcements, and what it tells about them. */
export interface EngineInput {
  take(key: string): Hint | undefined;
  /** Whether the step watches that directory; anybody may write to a queue. */
  isWatchedFor(directory: string, key: string): boolean;
  /** A file there could not be judged yet. */
  listLater(directory: string): void;
}

/** Steps a file may go through before it is taken for one that goes round in circles. */
const STEP_LIMIT = 1000;
/** Announcements taken before input and output get their turn. */
const SLICE = 32;
/** Files a lane has per process it was asked to run: libmagic wants the next one ready when it is done with one. */
const FILES_PER_LANE = 4;
/** Files of an external step in work together, whatever its workers ask for. */
const LENT_MAX = 4096;
/** Errors of a claim that pass by themselves or by somebody's hand: it is tried again soon. */
const PASSING = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOMEM", "EMFILE", "ENFILE"]);

/** Runs the built-in steps: claims what is announced, works on it, hands it on in memory where it can. */
export class Engine {
  readonly #lanes = new Map<string, Lane>();
  readonly #input: EngineInput;
  readonly #counters: Counters;
  readonly #logs: Logs;
  readonly #workers: Workers;
  readonly #retries = new Retries();
  readonly #endings: Endings;
  readonly #pending = new Set<string>();
  /** Steps whose claims of a former daemon were given back: what is there now is ours. */
  readonly #recovered = new Set<string>();
  #dataIn = "";
  #scheduled = false;
  #stopping = false;
  #idle: (() => void) | undefined;

  constructor(input: EngineInput, workers: Workers, counters: Counters, logs: Logs) {
    this.#input = input;
    this.#workers = workers;
    this.#counters = counters;
    this.#logs = logs;
    this.#endings = new Endings({
      retries: this.#retries,
      counters,
      waiting: (step) => this.#waitingDirectory(step),
      finish: (job) => this.#finish(job),
      release: (lane) => this.#release(lane),
    });
  }

  /** Runs these steps and no others; files in work go on as they began. Claims a dead daemon left are given back. */
  adopt(config: FlowConfig): void {
    this.#dataIn = config.dataIn;
    const running = config.steps.filter((step) => step.lanes > 0);
    const keys = new Set(running.map(stepKey));
    for (const [key, lane] of this.#lanes) {
      if (keys.has(key)) continue;
      lane.limit = 0;
      this.#workers.close(key);
      if (lane.busy === 0) this.#lanes.delete(key);
    }
    for (const step of running) this.#adoptStep(step, config);
  }

  /** There are announcements for a step. */
  ready(key: string): void {
    this.#pending.add(key);
    this.#schedule();
  }

  /** Claims nothing more; resolves when no file is in work. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#retries.close();
    this.#workers.stop();
    if (this.#busy() > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #adoptStep(step: FlowStep, config: FlowConfig): void {
    const key = stepKey(step);
    const { claims, waiting, trash } = stepDirectories(config.dataIn, step);
    const log = this.#logs.named(key, step.debug ? "DEBUG" : config.log.level);
    const known = this.#lanes.get(key);
    if (known !== undefined && known.limit > 0 && isDeepStrictEqual(known.step, step)) return;
    try {
      const trace = (from: string, to: string): void => this.#counters.trace(from.replace(".", "/"), to);
      const lend: Workers["lend"] = (to, loan) => this.#workers.lend(to, loan);
      const worker = stepWorker(step, { dataIn: config.dataIn, trace, lend }, log);
      const external = step.work.do === "external";
      const limit = external ? LENT_MAX : Math.max(step.lanes, 2) * FILES_PER_LANE;
      if (known !== undefined) {
        this.#retries.open(step, waiting, log);
        Object.assign(known, { step, worker, log, limit, external });
        this.#employ(key, known);
        return;
      }
      makeDirectory(claims, 0o750);
      makeDirectory(waiting);
      const count = this.#recovered.has(key) ? 0 : recoverClaims(claims, step, config.dataIn);
      this.#recovered.add(key);
      this.#retries.open(step, waiting, log);
      if (count > 0) log.warning(`${count} files were in work when the daemon died; they are processed again`);
      const lane = { step, external, worker, log, claims, trash, busy: 0, limit, room: 0, taking: 0 };
      this.#lanes.set(key, lane);
      this.#employ(key, lane);
    } catch (error) {
      log.error(`the step cannot run, its files wait: ${messageOf(error)}`);
    }
  }

  /** Workers of an external step are given files as far as they have room. */
  #employ(key: string, lane: Lane): void {
    if (!lane.external) {
      this.#workers.close(key);
      return;
    }
    this.#workers.open(key, lane.log, (room) => {
      lane.room = room;
      if (room > lane.taking) this.ready(key);
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopping || this.#pending.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (const key of this.#pending) this.#pump(key);
      this.#schedule();
    });
  }

  /** Claims for one step until it has enough to do, or others should have their turn. */
  #pump(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#pending.delete(key);
    else {
      for (let taken = 0; taken < SLICE; taken++) {
        const hint = hasRoom(lane) && !this.#stopping ? this.#input.take(key) : undefined;
        if (hint === undefined) {
          this.#pending.delete(key);
          return;
        }
        this.#claim(lane, key, hint);
      }
    }
  }

  #claim(lane: Lane, key: string, hint: Hint): void {
    if (!this.#input.isWatchedFor(hint.directory, key)) {
      lane.log.warning(`${printable(hint.directory)} is not watched for this step; announcement ignored`);
      return;
    }
    lane.busy += 1;
    lane.taking += 1;
    try {
      const claimed = claim(hint, lane.claims, lane.external);
      if (claimed instanceof Promise) {
        claimed.then(
          (result) => this.#claimed(lane, hint, result),
          (error: unknown) => this.#claimFailed(lane, hint, error),
        );
      } else this.#claimed(lane, hint, claimed);
    } catch (error) {
      this.#claimFailed(lane, hint, error);
    }
  }

  #claimed(lane: Lane, hint: Hint, claimed: Claim): void {
    lane.taking -= 1;
    switch (claimed.is) {
      case "claimed":
        lane.log.info(`Start the processing of ${printable(posix.join(hint.directory, hint.filename))}`);
        this.#run(claimed.file, lane);
        return;
      case "refused":
        this.#notClaimed(lane, hint, claimed.why);
        return;
      case "unsettled":
        this.#input.listLater(hint.directory);
        break;
      case "gone":
      case "busy":
        break;
    }
    this.#release(lane);
  }

  #claimFailed(lane: Lane, hint: Hint, error: unknown): void {
    lane.taking -= 1;
    if (PASSING.has(codeOf(error) ?? "")) this.#input.listLater(hint.directory);
    this.#notClaimed(lane, hint, messageOf(error));
  }

  #notClaimed(lane: Lane, hint: Hint, why: string): void {
    lane.log.warning(`${printable(posix.join(hint.directory, hint.filename))} is left where it is: ${why}`);
    this.#release(lane);
  }

  #release(lane: Lane): void {
    lane.busy -= 1;
    const key = stepKey(lane.step);
    if (lane.limit === 0 && lane.busy === 0) this.#lanes.delete(key);
    else this.ready(key);
    if (this.#stopping && this.#busy() === 0) this.#idle?.();
  }

  /** Takes a file, already counted in its lane, through steps as long as they answer at once. */
  #run(file: FlowFile, first: Lane): void {
    let lane: Lane | undefined = first;
    while (lane !== undefined) lane = this.#work(this.#enter(file, lane));
  }

  #enter(file: FlowFile, lane: Lane): Job {
    const before = lane.external ? new Map(file.tags) : undefined;
    const counter = enterStep(file.tags, lane.step, Date.now());
    this.#counters.file(stepKey(lane.step));
    if (counter === 0) this.#counters.trace(`<${file.tags.get(TAG.dirname)}`, `${lane.step.plugin}/${lane.step.step}`);
    lane.log.debug(`Start the processing of ${file.path}`);
    return { file, lane, counter, startedMs: performance.now(), before };
  }

  /** Returns the lane the file is now in, when it is to go on at once. */
  #work(job: Job): Lane | undefined {
    const { file, lane, counter } = job;
    if (counter > STEP_LIMIT) {
      return this.#conclude(job, { do: "failed", reason: `it went through more than ${STEP_LIMIT} steps` });
    }
    const context = { step: lane.step, counter, log: lane.log };
    try {
      const outcome = lane.worker(file, context);
      if (!(outcome instanceof Promise)) return this.#conclude(job, outcome);
      outcome.then(
        (later) => this.#goOn(job, later),
        (error: unknown) => this.#goOn(job, { do: "failed", reason: messageOf(error) }),
      );
      return undefined;
    } catch (error) {
      return this.#conclude(job, { do: "failed", reason: messageOf(error) });
    }
  }

  #goOn(job: Job, outcome: Outcome): void {
    const lane = this.#conclude(job, outcome);
    if (lane !== undefined) this.#run(job.file, lane);
  }

  #conclude(job: Job, outcome: Outcome): Lane | undefined {
    const { file, lane } = job;
    const from = file.path;
    try {
      if (outcome.do === "failed") {
        this.#endings.fail(job, outcome.reason);
        return undefined;
      }
      if (outcome.do === "back") {
        this.#endings.putBack(job, outcome.died);
        return undefined;
      }
      let next: Lane | undefined;
      if (outcome.do === "send" && from !== undefined) next = this.#send(file, from, lane, outcome.to);
      else if (from !== undefined) removeFile(file, from);
      this.#finish(job);
      return next;
    } catch (error) {
      this.#endings.fail(job, messageOf(error));
      return undefined;
    }
  }

  /**
   * To a step with room: in memory. The file stays where it was claimed, from where a death would repeat the steps since
   * (none of them has effects outside). Else into the step's directory, its tags on it.
   */
  #send(file: FlowFile, from: string, lane: Lane, to: StepName): Lane | undefined {
    this.#counters.trace(`${lane.step.plugin}/${lane.step.step}`, `${to.plugin}/${to.step}`);
    const next = this.#stopping ? undefined : this.#lanes.get(stepKey(to));
    if (next !== undefined && !next.external && !lane.external && (next.busy < next.limit || next === lane)) {
      next.busy += 1;
      return next;
    }
    moveFile(file, from, posix.join(this.#waitingDirectory(to), uniqueName()));
    return undefined;
  }

  #finish({ lane, startedMs, file, counter }: Job): void {
    const name = printable(file.tags.get(TAG.basename) ?? "");
    lane.log.info(
      `End of the ${name} processing after ${(performance.now() - startedMs).toFixed(1)} ms (step ${counter})`,
    );
    this.#release(lane);
  }

  #waitingDirectory(step: StepName): string {
    return stepDirectories(this.#dataIn, step).waiting;
  }

  #busy(): number {
    let busy = 0;
    for (const lane of this.#lanes.values()) busy += lane.busy;
    return busy;
  }
}
