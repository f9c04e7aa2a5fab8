import {
  type Dir,
  type Dirent,
  lstatSync,
  opendirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { posix } from "node:path";
import { isPipelineName } from "../core/flow/claim-name.ts";
import { type Area, type Candidate, isGarbage } from "../core/flow/collect.ts";
import { ignoreMask } from "../core/flow/mask.ts";
import { nameFromLatin1, systemPath } from "../core/flow/names.ts";
import { look, type SeenTime, seenFor } from "../core/flow/seen-time.ts";
import { strandedRooms } from "../core/flow/stranded.ts";
import { type FlowConfig, stepKey } from "../core/flow/types.ts";
import { isBeingWritten } from "../kit/linux/lease.ts";
import { codeOf, messageOf } from "./errors.ts";
import { inClosed } from "./file/closed.ts";
import { printable, type StepLog } from "./tell/log.ts";

/** A pass is at most this share of the time: a huge trash is looked at less often. */
const SHARE = 20;
/** Entries looked at before others get their turn. */
const SLICE = 64;
const STATE = "collector.json";
/** The clock is looked at so often, milliseconds: of two jumps that cancel each other in less time nobody would know. */
const CLOCK_MS = 1000;

/**
 * Deletes by age what is not, or no longer, on its way: files of trash, scratch files of dead workers, what senders never
 * finished. A file's age is the time it was seen at its place (its ctime: every move sets it), not what its sender's clock
 * said. Files that wait or are in work are never touched.
 */
export class Collector {
  readonly #log: StepLog;
  readonly #statePath: string;
  #config: FlowConfig;
  #seen: SeenTime | undefined;
  /** When the directories were looked at last, and the clock, as `performance.now`. */
  #passed: number | undefined;
  #looked: number | undefined;
  readonly #clock: NodeJS.Timeout;
  /** Files in work, and a look at which they were not there yet: a time that no clock can change, as `performance.now`. */
  #inWork: ReadonlyMap<string, number> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #pass: Promise<void> | undefined;

  /** `stateDirectory` keeps what must be known after a restart. */
  constructor(config: FlowConfig, stateDirectory: string, log: StepLog) {
    this.#config = config;
    this.#statePath = posix.join(stateDirectory, STATE);
    this.#log = log;
    this.#seen = readSeen(this.#statePath);
    this.#clock = setInterval(() => this.#look(), CLOCK_MS).unref();
    this.#later(config.lifetimes.everyS * 1000);
  }

  adopt(config: FlowConfig): void {
    this.#config = config;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    await this.#pass;
  }

  #later(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      const begun = performance.now();
      this.#pass = this.#collect()
        .catch((error: unknown) => this.#log.warning(`not everything could be cleaned: ${messageOf(error)}`))
        .finally(() => {
          this.#pass = undefined;
          this.#later(Math.max(this.#config.lifetimes.everyS * 1000, (performance.now() - begun) * SHARE));
        });
    }, ms);
    this.#timer.unref();
  }

  async #collect(): Promise<void> {
    const { dataIn, watched, ignore } = this.#config;
    const lastLook = this.#passed ?? Number.NEGATIVE_INFINITY;
    this.#look();
    this.#passed = this.#looked;
    this.#remember();
    const inWork = new Map<string, number>();
    const ignored = ignoreMask(ignore);
    await this.#directory(posix.join(dataIn, "trash"), "trash", ignored);
    const tmp = posix.join(dataIn, "tmp");
    await this.#entries(tmp, async (entry) => {
      const path = posix.join(tmp, nameFromLatin1(entry.name));
      if (!entry.isDirectory()) return;
      // Steps that do not run, or are no more, have theirs there too; `.work` holds the scratch files of their workers.
      const sinceOldestClaimS = await this.#oldestClaim(path.replace(/\.work$/, ""), lastLook, inWork);
      const area = entry.name.includes(".") ? "claims" : "scratch";
      await this.#directory(path, area, ignored, sinceOldestClaimS);
    });
    this.#inWork = inWork;
    await this.#leftRooms();
    for (const { directory } of watched) await this.#directory(directory, "watched", ignored);
  }

  /** Directories of steps that are no more go once they are empty; files in them wait for a step of that name. */
  async #leftRooms(): Promise<void> {
    const { dataIn, watched, steps } = this.#config;
    const lanes = new Map(steps.map((step) => [stepKey(step), 1]));
    for (const { directory } of strandedRooms(
      await this.#named(dataIn),
      await this.#named(posix.join(dataIn, "tmp")),
      lanes,
    )) {
      const path = posix.join(dataIn, directory);
      if (watched.some((one) => one.directory === path)) continue;
      this.#removeEmpty(`${path}.work`);
      this.#removeEmpty(path);
    }
  }

  async #named(directory: string): Promise<readonly string[]> {
    const names: string[] = [];
    await this.#entries(directory, (entry) => {
      if (entry.isDirectory()) names.push(nameFromLatin1(entry.name));
    });
    return names;
  }

  #look(): void {
    const { trashS, tmpS, unfinishedS, emptyS } = this.#config.lifetimes;
    const now = performance.now();
    const passed = this.#looked === undefined ? 0 : now - this.#looked;
    // Ages are compared with lifetimes, and with how long files have been in work.
    const inWorkMs = now - [...this.#inWork.values()].reduce((oldest, since) => Math.min(oldest, since), now);
    const keepMs = Math.max(Math.max(trashS, tmpS, unfinishedS, emptyS) * 1000, inWorkMs);
    this.#seen = look(this.#seen, Date.now(), passed, keepMs);
    this.#looked = now;
  }

  #remember(): void {
    const temporary = `${this.#statePath}.new`;
    writeFileSync(temporary, JSON.stringify(this.#seen), { mode: 0o640 });
    renameSync(temporary, this.#statePath);
  }

  async #directory(
    directory: string,
    area: Area,
    ignored: (name: string) => boolean,
    sinceOldestClaimS?: number,
  ): Promise<void> {
    await this.#entries(directory, (entry) => {
      const name = nameFromLatin1(entry.name);
      const path = posix.join(directory, name);
      if (entry.isDirectory()) {
        if (area === "watched") return undefined;
        return this.#directory(path, area, ignored, sinceOldestClaimS).then(() => {
          if (area === "trash") this.#removeEmpty(path);
        });
      }
      const file = this.#candidate(path, name, ignored);
      const hasOwner = (owner: string): boolean => exists(posix.join(directory, owner));
      if (file === undefined || !isGarbage(area, file, this.#config.lifetimes, { sinceOldestClaimS, hasOwner }))
        return undefined;
      if (area !== "trash" && isBeingWritten(path) === "yes") return undefined;
      inClosed(path, () => unlinkSync(systemPath(path)));
      this.#log.info(`deleted ${printable(path)}: it was there for ${Math.round(file.ageS)} s`);
      return undefined;
    });
  }

  /** How long the file that is longest in work can have been there, seconds; undefined: none is. Notes them in `inWork`. */
  async #oldestClaim(directory: string, lastLook: number, inWork: Map<string, number>): Promise<number | undefined> {
    let oldest: number | undefined;
    await this.#entries(directory, (entry) => {
      if (!isPipelineName(entry.name)) return;
      const path = posix.join(directory, entry.name);
      const since = this.#inWork.get(path) ?? lastLook;
      inWork.set(path, since);
      oldest = Math.min(oldest ?? since, since);
    });
    return oldest === undefined ? undefined : (performance.now() - oldest) / 1000;
  }

  #candidate(path: string, name: string, ignored: (name: string) => boolean): Candidate | undefined {
    const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
    if (stat === undefined || this.#seen === undefined) return undefined;
    return {
      name,
      ageS: seenFor(this.#seen, stat.ctimeMs) / 1000,
      unwrittenS: seenFor(this.#seen, stat.mtimeMs) / 1000,
      claimed: isPipelineName(name),
      ignored: ignored(name),
    };
  }

  #isLeft(ctimeMs: number): boolean {
    const { emptyS } = this.#config.lifetimes;
    return emptyS > 0 && this.#seen !== undefined && seenFor(this.#seen, ctimeMs) >= emptyS * 1000;
  }

  /** Whoever makes a file there makes the directory again. */
  #removeEmpty(directory: string): void {
    const stat = lstatSync(systemPath(directory), { throwIfNoEntry: false });
    if (stat === undefined || !this.#isLeft(stat.ctimeMs)) return;
    try {
      rmdirSync(systemPath(directory));
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(codeOf(error) ?? "")) throw error;
    }
  }

  /**
   * Goes through a directory a few entries at a time; one that is not there has none. Only what has to be waited for is: of a
   * promise for each of a hundred thousand files, whatever hangs on it outlives them until all memory is looked through.
   */
  async #entries(directory: string, visit: (entry: Dirent) => void | Promise<void>): Promise<void> {
    let dir: Dir;
    try {
      // Latin-1 keeps every byte of a name, whatever its encoding.
      dir = opendirSync(systemPath(directory), { encoding: "latin1", bufferSize: SLICE });
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      return;
    }
    try {
      let count = 0;
      for (let entry = dir.readSync(); entry !== null && !this.#closed; entry = dir.readSync()) {
        try {
          const visiting = visit(entry);
          if (visiting !== undefined) await visiting;
        } catch (error) {
          if (codeOf(error) !== "ENOENT") {
            const path = printable(posix.join(directory, nameFromLatin1(entry.name)));
            this.#log.warning(`${path} cannot be cleaned: ${messageOf(error)}`);
          }
        }
        count += 1;
        if (count % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      dir.closeSync();
    }
  }
}

function exists(path: string): boolean {
  return lstatSync(systemPath(path), { throwIfNoEntry: false }) !== undefined;
}

/** One that cannot be read counts as never written: nothing is old then. */
function readSeen(path: string): SeenTime | undefined {
  try {
    const { lastMs, gaps }: Partial<SeenTime> = JSON.parse(readFileSync(path, "utf8"));
    return typeof lastMs === "number" && Array.isArray(gaps) ? { lastMs, gaps } : undefined;
  } catch {
    return undefined;
  }
}
