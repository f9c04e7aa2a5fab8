import { randomBytes } from "node:crypto";
import { accessSync, type Stats } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { LogPolicy } from "../core/module/log-policy.ts";
import { Allowance } from "./allowance.ts";

export const DEFAULT_LOG_POLICY: LogPolicy = {
  maxBytes: 104_857_600,
  maxAgeS: 86_400,
  maxBytesPerMinute: 64 * 1024 ** 2,
  keep: 5,
  mode: 0o640,
};

/** Above this many waiting bytes the writer is asked to pause; above the second they are dropped. */
const PAUSE_BYTES = 256 * 1024;
const DROP_BYTES = 1024 * 1024;
/** A disk that has taken nothing for so long is taken for dead: whoever logs must not stand still because of it. */
const STALLED_MS = 2_000;
const DATED = /^\.[0-9]{14}(\.[0-9a-f]{32})?$/;
/** How often to look whether somebody else moved the file away. */
const IDENTITY_CHECK_MS = 1_000;

/** A log file that rotates itself. Never fails: what the disk does not take is dropped, counted and reported later. */
export class LogFile {
  readonly path: string;
  readonly #policy: () => LogPolicy;
  #handle: FileHandle | undefined;
  #identity: { dev: number; ino: number } | undefined;
  #mode = 0;
  readonly #allowance = new Allowance();
  #size = 0;
  #bornAt = 0;
  #checkedAt = 0;
  #queue: Buffer[] = [];
  #queued = 0;
  #lost = 0;
  #lostBecause = "";
  #writingSince: number | undefined;
  #pumping: Promise<void> | undefined;
  #resume: (() => void)[] = [];

  constructor(path: string, policy: () => LogPolicy) {
    this.path = path;
    this.#policy = policy;
  }

  /** Takes a chunk. False: please wait for `drained` before giving more (it is taken all the same). */
  write(chunk: Buffer): boolean {
    const { maxBytesPerMinute } = this.#policy();
    if (!this.#allowance.takes(chunk.length, maxBytesPerMinute, performance.now())) {
      this.#lose(chunk.length, `more than ${Math.round(maxBytesPerMinute / 1024 ** 2)} MB a minute`);
      return true;
    }
    const stalled = this.#writingSince !== undefined && Date.now() - this.#writingSince > STALLED_MS;
    if (this.#queued + chunk.length > DROP_BYTES) {
      this.#lose(chunk.length, "the disk is too slow");
      return stalled;
    }
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
    });
    return stalled || this.#queued < PAUSE_BYTES;
  }

  /** Calls back once there is room again, or when the disk has stalled for too long to wait for it. */
  drained(resume: () => void): void {
    let waiting = true;
    const once = (): void => {
      if (waiting) resume();
      waiting = false;
      clearTimeout(timer);
    };
    const timer = setTimeout(once, STALLED_MS);
    timer.unref();
    this.#resume.push(once);
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping;
    await this.#closeHandle();
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      const size = batch.reduce((sum, chunk) => sum + chunk.length, 0);
      this.#queue = [];
      this.#writingSince = Date.now();
      try {
        await this.#append(batch, size);
      } catch (error) {
        this.#lose(size, error instanceof Error ? error.message : String(error));
        await this.#closeHandle();
      }
      this.#writingSince = undefined;
      this.#queued -= size;
      for (const resume of this.#resume.splice(0)) resume();
    }
  }

  async #append(batch: readonly Buffer[], size: number): Promise<void> {
    const handle = await this.#current(size);
    if (this.#lost > 0) {
      const report = Buffer.from(`metwork: ${this.#lost} bytes of this log were lost: ${this.#lostBecause}\n`);
      await writeAll(handle, [report]);
      this.#size += report.length;
      this.#lost = 0;
    }
    await writeAll(handle, batch);
    this.#size += size;
  }

  /** The file to append to: opened, and rotated when it is full, old, or no longer the one at the path. */
  async #current(more: number): Promise<FileHandle> {
    const now = Date.now();
    if (this.#handle !== undefined && now - this.#checkedAt >= IDENTITY_CHECK_MS) {
      this.#checkedAt = now;
      const there = await statOf(this.path);
      if (there === undefined || there.ino !== this.#identity?.ino || there.dev !== this.#identity.dev) {
        await this.#closeHandle();
      }
    }
    let handle = this.#handle ?? (await this.#open());
    const { maxBytes, maxAgeS, mode } = this.#policy();
    if (mode !== this.#mode) {
      this.#mode = mode;
      await handle.chmod(mode);
    }
    const full = maxBytes > 0 && this.#size > 0 && this.#size + more > maxBytes;
    if (full || (maxAgeS > 0 && this.#size > 0 && now - this.#bornAt > maxAgeS * 1000)) {
      await this.#closeHandle();
      await rotate(this.path, this.#policy().keep);
      handle = await this.#open();
    }
    return handle;
  }

  async #open(): Promise<FileHandle> {
    const { mode } = this.#policy();
    const handle = await openCreating(this.path, mode);
    const facts = await handle.stat();
    if ((facts.mode & 0o777) !== mode) await handle.chmod(mode);
    this.#handle = handle;
    this.#mode = mode;
    this.#identity = { dev: facts.dev, ino: facts.ino };
    this.#size = facts.size;
    // Zero on file systems that do not keep it; then the age counts from now.
    this.#bornAt = facts.birthtimeMs || Date.now();
    this.#checkedAt = Date.now();
    return handle;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  #lose(bytes: number, because: string): void {
    this.#lost += bytes;
    this.#lostBecause = because;
  }
}

/** Renames a log to its dated name and deletes the oldest ones beyond `keep`. Fails like rename(2). */
async function rotate(path: string, keep: number): Promise<void> {
  await rename(path, datedName(path));
  const directory = dirname(path);
  const name = basename(path);
  const isOurs = (other: string): boolean => other.startsWith(name) && DATED.test(other.slice(name.length));
  const rotated = (await readdir(directory)).filter(isOurs).sort();
  for (const old of rotated.slice(0, Math.max(0, rotated.length - keep))) {
    await rm(join(directory, old), { force: true });
  }
}

/** `<path>.YYYYmmddHHMMSS` in local time, with 32 random hex digits more when that is taken. */
function datedName(path: string): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const dated = `${path}.${day}${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  try {
    accessSync(dated);
    return `${dated}.${randomBytes(16).toString("hex")}`;
  } catch {
    return dated;
  }
}

async function openCreating(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, "a", mode);
  } catch {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    return await open(path, "a", mode);
  }
}

async function writeAll(handle: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks);
  let written = bytesWritten;
  for (const chunk of chunks) {
    // What the one call did not take, as a disk that is about to be full does.
    for (let rest = chunk.subarray(written); rest.length > 0; ) {
      rest = rest.subarray((await handle.write(rest)).bytesWritten);
    }
    written = Math.max(0, written - chunk.length);
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}
