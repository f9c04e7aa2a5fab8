import { copyFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { posix } from "node:path";
import { nameFromBytes, sidecarOwner, systemPath } from "../core/flow/names.ts";
import { identify } from "../core/flow/tags.ts";
import { type FlowStep, type RuleHelperSpec, type StepWork, stepKey } from "../core/flow/types.ts";
import { readTags } from "../kit/tags.ts";
import type { Job, Lane } from "./engine/lane.ts";
import { Pace } from "./engine/pace.ts";
import { Passage } from "./engine/passage.ts";
import { Retries } from "./engine/retries.ts";
import { makeDirectory } from "./file/directory.ts";
import { randomUid, uniqueName } from "./file/ids.ts";
import { Placer } from "./file/placer.ts";
import { stepDirectories } from "./file/recover.ts";
import { RuleHelpers } from "./rules/helpers.ts";
import { stepWorker } from "./steps/index.ts";
import type { StepLog } from "./tell/log.ts";
import type { Ending, FlowFile } from "./types.ts";
import { type Loan, Workers } from "./workers.ts";

export interface TrialOptions {
  readonly step: FlowStep;
  /** Takes the place of the pipeline's directory, and of every directory outside; new and empty. */
  readonly directory: string;
  readonly socket: string;
  readonly ruleHelpers: readonly RuleHelperSpec[];
  /** Absolute paths; copies of them are tried. */
  readonly files: readonly string[];
  readonly log: StepLog;
  /** Starts the step's own program; resolves, when that ends, with how. Not called for a built-in step. */
  readonly start: () => Promise<string>;
}

/** What a step did with a file. */
export interface Tried {
  readonly file: string;
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
  readonly ending: Ending;
  readonly tookMs: number;
}

/** A file a trial left. */
export interface TrialOutput {
  /** `plugin/step`, or the directory it would be in. */
  readonly to: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly tags: ReadonlyMap<string, string>;
}

/** The longest a program may take until it asks for its first file. */
const ASK_MS = 30_000;
/** Sub-directories of the trial's own. */
const IN = "in";
const OUTSIDE = "outside";

/** Takes copies of files through one step as the pipeline would, with nothing of the pipeline's. Throws when it cannot run. */
export async function tryStep(options: TrialOptions): Promise<readonly Tried[]> {
  const { directory, log } = options;
  const step = insulated(options.step, posix.join(directory, OUTSIDE));
  const key = stepKey(step);
  const dataIn = posix.join(directory, IN);
  const { claims, trash } = stepDirectories(dataIn, step);
  makeDirectory(claims);
  const helpers = new RuleHelpers(log.warning);
  helpers.adopt(options.ruleHelpers);
  const external = step.work.do === "external";
  const hands = new Hands(key, options);
  const services = {
    dataIn,
    lend: (_: string, loan: Loan) => hands.lend(loan),
    ask: (...asked: Parameters<RuleHelpers["ask"]>) => helpers.ask(...asked),
    placer: new Placer(),
  };
  const worker = stepWorker(step, services, log);
  const commit = undefined;
  const lane: Lane = {
    step,
    external,
    worker,
    log,
    commit,
    claims,
    trash,
    busy: 0,
    limit: Infinity,
    room: 0,
    taking: 0,
    pace: new Pace(),
  };
  try {
    if (external) await hands.employ();
    return await Promise.all(options.files.map((file) => passOne(file, lane, dataIn)));
  } finally {
    hands.close();
    helpers.close();
  }
}

/** The worker of a step, which is told that no more files come once it has them all: one that collects waits for no more. */
class Hands {
  readonly #key: string;
  readonly #options: TrialOptions;
  readonly #workers: Workers;
  #closeSocket: () => void = () => undefined;
  #room = 0;
  #lent = 0;

  constructor(key: string, options: TrialOptions) {
    this.#key = key;
    this.#options = options;
    this.#workers = new Workers(options.log);
  }

  /** Starts the program; resolves when it asks for files. */
  async employ(): Promise<void> {
    const { socket, log, start } = this.#options;
    this.#closeSocket = await this.#workers.listen(socket);
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`its program asked for no file in ${ASK_MS / 1000} s`)), ASK_MS);
      late.unref();
      this.#workers.open(this.#key, log, (room) => {
        this.#room = room;
        if (room > 0) resolve();
        this.#endWhenGiven();
      });
      start().then((how) => reject(new Error(`its program ended before it asked for a file: ${how}`)), reject);
    });
  }

  lend(loan: Loan): void {
    this.#lent += 1;
    this.#workers.lend(this.#key, loan);
    this.#endWhenGiven();
  }

  close(): void {
    this.#workers.stop();
    this.#closeSocket();
  }

  #endWhenGiven(): void {
    if (this.#lent === this.#options.files.length && this.#room >= 0) this.#workers.close(this.#key);
  }
}

function passOne(source: string, lane: Lane, dataIn: string): Promise<Tried> {
  const file = claimCopy(source, lane.claims);
  const before = new Map(file.tags);
  return new Promise((resolve) => {
    const ended = (job: Job, ending: Ending): void => {
      const tookMs = performance.now() - job.startedMs;
      resolve({ file: source, before, after: new Map(file.tags), ending, tookMs });
    };
    const passage = new Passage({
      events: { entered: () => undefined, sent: () => undefined, ended },
      retries: new Retries(),
      waiting: (to) => stepDirectories(dataIn, to).waiting,
      next: () => undefined,
      release: () => undefined,
    });
    passage.run(file, lane);
  });
}

function claimCopy(source: string, claims: string): FlowFile {
  const path = posix.join(claims, uniqueName());
  copyFileSync(systemPath(source), path);
  const { tags } = readTags(source);
  identify(tags, { basename: posix.basename(source), directory: posix.basename(posix.dirname(source)) }, randomUid);
  return { path, tags, place: undefined, shared: false, size: statSync(path).size, owned: true };
}

/** The step with its ways out of the pipeline leading below a directory instead, and trying nothing twice. */
function insulated({ retry: _, ...step }: FlowStep, outside: string): FlowStep {
  return { ...step, work: insulatedWork(step.work, outside), onFailure: { do: "keep" } };
}

function insulatedWork(work: StepWork, outside: string): StepWork {
  if (work.do === "archive") return { ...work, directory: posix.join(outside, work.directory) };
  if (work.do === "move" && work.to.to === "directory")
    return { ...work, to: { to: "directory", path: posix.join(outside, work.to.path) } };
  return work;
}

/** What a step made and where it goes; a file it failed on is none of that. */
export function trialOutputs(directory: string): readonly TrialOutput[] {
  const found: TrialOutput[] = [];
  for (const [below, nameOf] of [
    [IN, (place: string) => /^step\.([^.]+)\.(.+)$/.exec(place)?.slice(1).join("/") ?? place],
    [OUTSIDE, (place: string) => `/${place}`],
  ] as const) {
    const root = posix.join(directory, below);
    for (const path of filesBelow(root)) {
      const place = posix.dirname(posix.relative(root, path));
      if (below === IN && /^(?:tmp|trash)\//.test(place)) continue;
      found.push({ to: nameOf(place), path, size: statSync(systemPath(path)).size, tags: readTags(path).tags });
    }
  }
  return found.sort((a, b) => (a.to + a.path < b.to + b.path ? -1 : 1));
}

function filesBelow(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true, encoding: "buffer" })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(nameFromBytes(Buffer.from(entry.parentPath)), nameFromBytes(entry.name)))
    .filter((path) => sidecarOwner(posix.basename(path)) === undefined);
}
