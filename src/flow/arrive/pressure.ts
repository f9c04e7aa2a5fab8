import { renameSync, rmSync, writeFileSync } from "node:fs";
import { access, constants, opendir, statfs } from "node:fs/promises";
import { HIDDEN_PREFIX, systemPath } from "../../core/flow/names.ts";
import { judgePressure, type Measured, type Reason } from "../../core/flow/pressure.ts";
import { type FlowConfig, stepKey } from "../../core/flow/types.ts";
import { codeOf, messageOf } from "../errors.ts";
import { closeDirectories } from "../file/closed.ts";
import type { StepLog } from "../tell/log.ts";

const LOOK_MS = 1000;
/** Looking is at most this share of the time: a million waiting files are counted less often. */
const SHARE = 10;
const READ_AHEAD = 512;

/**
 * Tells the ways in when to refuse files: the file `refusing.json` is there as long as they must, and directories of
 * servers that do not look at it are closed. What has come is never touched, and is processed as before, which is what makes
 * room again.
 */
export class Pressure {
  readonly #log: StepLog;
  #config: FlowConfig;
  #reasons: readonly Reason[] = [];
  #told = false;
  #problem = "";
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: FlowConfig, log: StepLog) {
    this.#config = config;
    this.#log = log;
    // A death may have left them closed, and who claims from them before the first look knows nothing of it.
    this.#close(false);
    void this.#look();
  }

  adopt(config: FlowConfig): void {
    this.#config = config;
  }

  /** The file stays as it is: who starts next looks at once. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const begun = performance.now();
    try {
      const reasons = judgePressure(this.#reasons, await this.#measure(), this.#config.limits);
      if (!this.#closed) {
        this.#tell(reasons);
        this.#close(reasons.length > 0);
      }
      this.#problem = "";
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#log.warning(`how much room there is cannot be told: ${problem}`);
      this.#problem = problem;
    }
    if (this.#closed) return;
    const pauseMs = Math.max(LOOK_MS, (performance.now() - begun) * SHARE);
    this.#timer = setTimeout(() => void this.#look(), pauseMs);
    this.#timer.unref();
  }

  async #measure(): Promise<Measured> {
    const { dataIn, limits, watched, steps } = this.#config;
    const { bavail, bsize, files, ffree } = await statfs(dataIn);
    const own = new Map(
      steps.flatMap((step) => (step.maxWaiting === undefined ? [] : [[stepKey(step), step.maxWaiting]])),
    );
    const counted = new Map<string, { waiting: number; limit: number }>();
    let waiting = 0;
    for (const directory of watched) {
      const limited = directory.steps.filter((key) => own.has(key));
      const most = Math.max(limits.waiting - waiting + 1, ...limited.map((key) => (own.get(key) ?? 0) + 1), 0);
      if (limits.waiting === 0 && limited.length === 0) continue;
      const count = await countFiles(directory.directory, most);
      waiting += count;
      for (const key of limited) {
        counted.set(key, { waiting: (counted.get(key)?.waiting ?? 0) + count, limit: own.get(key) ?? 0 });
      }
    }
    const readOnly = await isReadOnly(dataIn);
    return { readOnly, freeBytes: bavail * bsize, freeInodes: files > 0 ? ffree : undefined, waiting, steps: counted };
  }

  #tell(reasons: readonly Reason[]): void {
    const what = (list: readonly Reason[]): string => list.map((reason) => reason.what).join();
    const changed = what(reasons) !== what(this.#reasons);
    if (!changed && this.#told) return;
    if (changed && reasons.length === 0) this.#log.warning("the ways in take files again");
    else if (changed) this.#log.error(`the ways in refuse files: ${reasons.map((reason) => reason.text).join("; ")}`);
    this.#reasons = reasons;
    // What cannot be written now is written at the next look.
    this.#told = false;
    mark(this.#config.refusingFile, reasons);
    this.#told = true;
  }

  /** Closes, or opens, the directories whose servers cannot be told. */
  #close(isFull: boolean): void {
    const entrances = this.#config.watched.flatMap(({ directory, closes }) => (closes ? [directory] : []));
    closeDirectories(isFull ? entrances : [], entrances);
  }
}

function mark(file: string, reasons: readonly Reason[]): void {
  if (reasons.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  // On a full disk the file itself may find no room; an empty one says enough.
  writeFileSync(`${file}.new`, "", { mode: 0o644 });
  try {
    writeFileSync(`${file}.new`, JSON.stringify({ since: new Date().toISOString(), reasons }));
  } catch (error) {
    if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
  }
  renameSync(`${file}.new`, file);
}

/** Asked without writing: a disk that sleeps may go on sleeping. */
async function isReadOnly(directory: string): Promise<boolean> {
  return access(directory, constants.W_OK).then(
    () => false,
    (error: unknown) => codeOf(error) === "EROFS",
  );
}

/** Files in a directory, counted up to `most`. */
async function countFiles(directory: string, most: number): Promise<number> {
  let count = 0;
  try {
    const dir = await opendir(systemPath(directory), { encoding: "latin1", bufferSize: READ_AHEAD });
    for await (const entry of dir) {
      if (entry.isFile() && !entry.name.startsWith(HIDDEN_PREFIX)) count += 1;
      if (count >= most) break;
    }
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  return count;
}
