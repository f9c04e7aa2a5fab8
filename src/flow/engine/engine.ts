import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Hint } from "../../core/flow/hint.ts";
import { pathIn } from "../../core/flow/names.ts";
import { type FlowConfig, type FlowStep, type LogLevel, type StepName, stepKey } from "../../core/flow/types.ts";
import { GroupCommit } from "../../kit/group-commit.ts";
import { passes } from "../../kit/passing.ts";
import { messageOf } from "../errors.ts";
import { type Claim, claim } from "../file/claim.ts";
import { makeDirectory } from "../file/directory.ts";
import { PLACED_MAX, Placer } from "../file/placer.ts";
import { recoverClaims, stepDirectories } from "../file/recover.ts";
import { AGAIN_MS } from "../patience.ts";
import { RuleHelpers } from "../rules/helpers.ts";
import { stepWorker } from "../steps/index.ts";
import { following, type LogSink, type Logs, printable } from "../tell/log.ts";
import type { FlowFile } from "../types.ts";
import type { Workers } from "../workers.ts";
import type { FlowEvents } from "./events.ts";
import { hasRoom, type Lane } from "./lane.ts";
import { Pace } from "./pace.ts";
import { Passage } from "./passage.ts";
import { Rests } from "./rests.ts";
import { Retries } from "./retries.ts";

/** Where the engine gets announcements, and what it tells about them. */
export interface EngineInput {
  take(key: string): Hint | undefined;
  /** Announcements on their way to a step. */
  waiting(key: string): number;
  /** Whether the step watches that directory; anybody may write to a queue. */
  isWatchedFor(directory: string, key: string): boolean;
  /** A file there could not be judged, or claimed, yet. */
  listLater(directory: string, afterMs?: number): void;
  /** Where a step's lines go; undefined: where all others do. */
  logOf?(step: FlowStep): LogSink | undefined;
  /** Takes files that are to be removed. */
  readonly farewell?: FlowFile["farewell"];
}

/** Files that wait in memory until the workers of an external step ask for them; more go through its directory. */
const HELD_MAX = 2048;
/** Announcements taken before input and output get their turn: a worker that is done waits no longer than that. */
const SLICE = 32;
const SLICE_WITH_WORKERS = 1;
/** Files a lane has per process it was asked to run. */
const FILES_PER_LANE = 4;
/** Files whose type is being looked for: many share a message to the thread that does. */
const LOOKED_AT = 256;
/** Files of a durable step in work together: so many share a commit. */
const DURABLE_FILES = 256;
/** Files of an external step in work together, whatever its workers ask for. */
const LENT_MAX = 4096;

/** Runs the built-in steps: claims what is announced, works on it, hands it on in memory where it can. */
export class Engine {
  readonly #lanes = new Map<string, Lane>();
  readonly #input: EngineInput;
  readonly #logs: Logs;
  readonly #workers: Workers;
  readonly #retries = new Retries();
  readonly #commit = new GroupCommit();
  readonly #placer = new Placer();
  readonly #passage: Passage;
  readonly #ruleHelpers: RuleHelpers;
  readonly #rests: Rests;
  readonly #pending = new Set<string>();
  readonly #copying = new Set<string>();
  /** Steps whose claims of a former daemon were given back: what is there now is ours. */
  readonly #recovered = new Set<string>();
  #config: FlowConfig | undefined;
  #scheduled = false;
  #stopping = false;
  #idle: (() => void) | undefined;

  constructor(input: EngineInput, workers: Workers, events: FlowEvents, logs: Logs) {
    this.#input = input;
    this.#workers = workers;
    this.#logs = logs;
    this.#rests = new Rests(
      (key) => this.ready(key),
      ({ step }) => input.waiting(stepKey(step)),
    );
    this.#ruleHelpers = new RuleHelpers(logs.named("rules", "INFO").warning);
    this.#passage = new Passage({
      events,
      retries: this.#retries,
      waiting: (step) => this.#waitingDirectory(step),
      next: (file, from, to) => this.#next(file, from, to),
      release: (lane) => this.#release(lane),
    });
  }

  /** Runs these steps and no others; files in work go on as they began. Claims a dead daemon left are given back. */
  adopt(config: FlowConfig): void {
    this.#config = config;
    this.#ruleHelpers.adopt(config.ruleHelpers ?? []);
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
    this.#ruleHelpers.close();
  }

  #adoptStep(step: FlowStep, config: FlowConfig): void {
    const key = stepKey(step);
    const { claims, waiting, trash } = stepDirectories(config.dataIn, step);
    const known = this.#lanes.get(key);
    if (known !== undefined && known.limit > 0 && isDeepStrictEqual(known.step, step)) return;
    const where = this.#input.logOf?.(step);
    // A step that stays as it is goes on with its log.
    const level = (): LogLevel => (step.debug ? "DEBUG" : (this.#config ?? config).log.level);
    const log = following(level, (one) => this.#logs.named(key, one, where));
    try {
      const lend: Workers["lend"] = (to, loan) => this.#workers.lend(to, loan);
      const ask: RuleHelpers["ask"] = (rules, path, tags) => this.#ruleHelpers.ask(rules, path, tags);
      const worker = stepWorker(step, { dataIn: config.dataIn, lend, ask, placer: this.#placer }, log);
      const commit = step.durable ? this.#commit : undefined;
      const external = step.work.do === "external";
      const limit = limitOf(step);
      if (known !== undefined) {
        this.#retries.open(step, waiting, log);
        Object.assign(known, { step, worker, log, limit, external, commit });
        this.#employ(key, known);
        return;
      }
      makeDirectory(claims, 0o750);
      makeDirectory(waiting);
      const count = this.#recovered.has(key) ? 0 : recoverClaims(claims, step, config, log);
      this.#recovered.add(key);
      this.#retries.open(step, waiting, log);
      if (count > 0) {
        // Steps pass files in memory: one may have been on its way to the next try of another step, which is open already.
        this.#retries.lookAgain();
        log.warning(`${count} files were in work when the daemon died; they are processed again`);
      }
      const pace = new Pace();
      const lane = { step, external, worker, log, commit, claims, trash, busy: 0, limit, room: 0, taking: 0, pace };
      this.#lanes.set(key, lane);
      this.#employ(key, lane);
    } catch (error) {
      log.error(`the step cannot run, its files wait: ${messageOf(error)}`);
      this.#retries.lookAgain();
      if (passes(error)) setTimeout(() => this.#adoptLater(key), AGAIN_MS);
    }
  }

  #adoptLater(key: string): void {
    const step = this.#config?.steps.find((one) => stepKey(one) === key && one.lanes > 0);
    if (this.#config !== undefined && step !== undefined && !this.#stopping) this.#adoptStep(step, this.#config);
  }

  /** Workers of an external step are given files as far as they have room. */
  #employ(key: string, lane: Lane): void {
    if (!lane.external) {
      this.#workers.close(key);
      return;
    }
    const onRoom = (room: number): void => {
      lane.room = room;
      this.#rests.eased(lane);
      if (room > lane.taking) this.ready(key);
    };
    this.#workers.open(key, lane.log, onRoom, (lane.step.maxProcessingS ?? 0) * 1000);
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
      const slice = this.#workers.areBusy ? SLICE_WITH_WORKERS : SLICE;
      for (let taken = 0; taken < slice; taken++) {
        const mayTake = hasRoom(lane) && !this.#stopping && !this.#rests.rests(key);
        const hint = mayTake ? this.#input.take(key) : undefined;
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
      const claimed = claim(hint, lane.claims, this.#copying, lane.external);
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
        lane.log.info(`Start the processing of ${printable(pathIn(hint.directory, hint.filename))}`);
        claimed.file.farewell = this.#input.farewell;
        this.#passage.run(claimed.file, lane);
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
    if (passes(error)) this.#input.listLater(hint.directory, AGAIN_MS);
    this.#notClaimed(lane, hint, messageOf(error));
  }

  #notClaimed(lane: Lane, hint: Hint, why: string): void {
    lane.log.warning(`${printable(pathIn(hint.directory, hint.filename))} is left where it is: ${why}`);
    this.#release(lane);
  }

  #release(lane: Lane): void {
    lane.busy -= 1;
    if (lane.external) lane.pace.finished(performance.now());
    const key = stepKey(lane.step);
    if (lane.limit === 0 && lane.busy === 0) this.#lanes.delete(key);
    else this.ready(key);
    if (this.#stopping && this.#busy() === 0) this.#idle?.();
  }

  /** Where a step takes a file at once, in memory. */
  #next(file: FlowFile, from: Lane, to: StepName): Lane | undefined {
    const key = stepKey(to);
    const next = this.#stopping ? undefined : this.#lanes.get(key);
    if (next === undefined || !(next.busy < next.limit || next === from)) return undefined;
    if (from.external) return !next.external && isLast(next.step) ? next : undefined;
    if (!next.external) return next;
    if (file.path === undefined || !hasPlainName(file.path)) return undefined;
    this.#rests.brought(file.path, next, this.#lanes);
    // Those in its queue came before.
    return next.room - next.taking > -HELD_MAX && this.#input.waiting(key) === 0 ? next : undefined;
  }

  #waitingDirectory(step: StepName): string {
    return stepDirectories(this.#config?.dataIn ?? "", step).waiting;
  }

  #busy(): number {
    let busy = 0;
    for (const lane of this.#lanes.values()) busy += lane.busy;
    return busy;
  }
}

function limitOf({ work, durable, lanes }: FlowStep): number {
  if (work.do === "external") return LENT_MAX;
  if (durable) return DURABLE_FILES;
  if (work.do === "archive") return PLACED_MAX + FILES_PER_LANE;
  return work.do === "guess_file_type" ? LOOKED_AT : Math.max(lanes, 2) * FILES_PER_LANE;
}

/** With it a file leaves the pipeline at once, so that a death in between would hardly ever repeat the step before. */
function isLast({ work, durable }: FlowStep): boolean {
  if (durable) return false;
  return work.do === "archive" || work.do === "delete" || (work.do === "move" && work.to.to === "directory");
}

/** Programs may put it into a command line: nothing in it means something to a shell. */
function hasPlainName(path: string): boolean {
  return /^[\w.~-]+$/.test(posix.basename(path));
}
