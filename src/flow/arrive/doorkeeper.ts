import { lstatSync, type Stats, unlinkSync } from "node:fs";
import { posix } from "node:path";
import type { Completeness } from "../../core/flow/completeness.ts";
import { systemPath } from "../../core/flow/names.ts";
import { isBeingWritten } from "../../kit/linux/lease.ts";
import { messageOf } from "../errors.ts";
import { SETTLE_MS } from "../file/claim.ts";
import type { StepLog } from "../tell/log.ts";

/** How a name came to be known: moved or linked in, made, closed after writing, or found by a listing. */
export type Noticed = "moved" | "made" | "closed" | "listed";

/** A file that may be complete later, as it was seen last. */
interface Waiting {
  size: number;
  changedMs: number;
  /** When it was seen so (monotonic milliseconds). */
  since: number;
}

const LOOK_MS = 500;
/** Files written in place may lie there for long: whether they are gone is asked only at every so many looks. */
const FORGET_EVERY = 60;
/** A companion without its file is removed after this long: the sender must make it last. */
const ORPHAN_MS = 3_600_000;

/**
 * Decides when files of one watched directory are complete where their sender declared another sign than closing them.
 * Names it cannot judge yet it looks at again. What is complete goes to `announce`, perhaps repeatedly.
 */
export class Doorkeeper {
  readonly #directory: string;
  readonly #complete: Completeness;
  readonly #announce: (name: string) => void;
  readonly #log: StepLog;
  readonly #waiting = new Map<string, Waiting>();
  /** Files written in place, which only a rename makes complete. */
  readonly #written = new Set<string>();
  /** Announced files whose companion goes when they are gone. */
  readonly #accompanied = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  constructor(directory: string, complete: Completeness, announce: (name: string) => void, log: StepLog) {
    this.#directory = directory;
    this.#complete = complete;
    this.#announce = announce;
    this.#log = log;
  }

  notice(name: string, how: Noticed): void {
    const { by } = this.#complete;
    if (by === "temporary") this.#noticeFinal(name, this.#complete.suffix, how);
    else if (by === "rename") this.#noticeRename(name, how);
    else if (by === "companion") this.#noticeCompanion(name, this.#complete.suffix, how);
    else if (by === "stable") this.#wait(name);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #noticeFinal(name: string, suffix: string, how: Noticed): void {
    if (name.endsWith(suffix) || how === "made" || (how === "listed" && !this.#isClosed(name))) return;
    this.#announce(name);
  }

  /** A listing cannot know how a file came; one that is left in peace is taken for renamed while nobody looked. */
  #noticeRename(name: string, how: Noticed): void {
    if (how === "closed" || how === "made") {
      this.#written.add(name);
      this.#waiting.delete(name);
      this.#lookOn();
    } else if (how === "moved") {
      this.#written.delete(name);
      this.#announce(name);
    } else if (!this.#written.has(name)) this.#wait(name);
  }

  #noticeCompanion(name: string, suffix: string, how: Noticed): void {
    // Sent again under the same name: the companion that is still there speaks of the one before.
    if ((how === "made" || how === "moved") && this.#accompanied.has(name)) this.#dropCompanion(name);
    const owner = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    if (owner !== "" && this.#stat(owner + suffix) !== undefined) this.#wait(owner);
  }

  #wait(name: string): void {
    if (!this.#waiting.has(name)) this.#waiting.set(name, { size: -1, changedMs: 0, since: performance.now() });
    this.#lookOn();
    if (this.#complete.by === "companion") this.#judge(name);
  }

  #lookOn(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    for (const name of this.#waiting.keys()) this.#judge(name);
    this.#looks += 1;
    if (this.#looks % FORGET_EVERY === 0) {
      for (const name of this.#written) if (this.#stat(name) === undefined) this.#written.delete(name);
    }
    for (const name of this.#accompanied) if (this.#stat(name) === undefined) this.#dropCompanion(name);
    if (this.#waiting.size + this.#accompanied.size + this.#written.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #judge(name: string): void {
    const seen = this.#waiting.get(name);
    const stat = this.#stat(name);
    if (seen === undefined) return;
    if (this.#complete.by === "companion") this.#judgePair(name, this.#complete.suffix, stat);
    else if (!stat?.isFile()) this.#waiting.delete(name);
    else {
      const changedMs = Math.max(stat.mtimeMs, stat.ctimeMs);
      if (seen.size !== stat.size || seen.changedMs !== changedMs) {
        // Time counts from this look: a sender's clock, or one that jumps, says nothing about peace.
        this.#waiting.set(name, { size: stat.size, changedMs, since: performance.now() });
      } else if (performance.now() - seen.since >= this.#peaceMs() && this.#isClosed(name)) {
        this.#waiting.delete(name);
        this.#announce(name);
      }
    }
  }

  #judgePair(name: string, suffix: string, stat: Stats | undefined): void {
    const companion = this.#stat(name + suffix);
    if (companion === undefined) this.#waiting.delete(name);
    else if (stat?.isFile() && this.#isClosed(name)) {
      this.#waiting.delete(name);
      this.#accompanied.add(name);
      this.#announce(name);
    } else if (stat === undefined && Date.now() - companion.ctimeMs > ORPHAN_MS) this.#dropCompanion(name);
  }

  #peaceMs(): number {
    return this.#complete.by === "stable" ? this.#complete.seconds * 1000 : SETTLE_MS;
  }

  #isClosed(name: string): boolean {
    return isBeingWritten(posix.join(this.#directory, name)) !== "yes";
  }

  #dropCompanion(name: string): void {
    this.#accompanied.delete(name);
    this.#waiting.delete(name);
    if (this.#complete.by !== "companion") return;
    const path = posix.join(this.#directory, name + this.#complete.suffix);
    try {
      unlinkSync(systemPath(path));
    } catch (error) {
      if (this.#stat(name + this.#complete.suffix) !== undefined) {
        this.#log.warning(`${path} cannot be removed: ${messageOf(error)}`);
      }
    }
  }

  #stat(name: string): Stats | undefined {
    return lstatSync(systemPath(posix.join(this.#directory, name)), { throwIfNoEntry: false });
  }
}
