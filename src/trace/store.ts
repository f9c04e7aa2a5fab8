import { createHash, hash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SQLInputValue } from "node:sqlite";
import type { OpenRow, PassageRow, TagSet, TraceBatch, TraceSettings } from "../core/trace/batch.ts";
import { listSegments, removeSegment, Segment, type StepRow, setAside } from "./segment.ts";

/** The directory is cut into about so many segments; one is removed at a time. */
const SEGMENTS = 16;
const SEGMENT_MIN_BYTES = 1024 * 1024;
const LOOK_EVERY_MS = 30_000;
const DIGESTS_AT_ONCE = 50;
/** A stream costs ten times what a small file does. Bytes. */
const READ_WHOLE_MAX = 256 * 1024;

/** A removed file; without a place in the trace it only has to go. */
interface Removed {
  readonly place?: { readonly segment: Segment; readonly id: number };
  readonly name: string;
  readonly size: number;
}

/**
 * Keeps the trace: takes batches, begins a new segment when one is large or old, removes the oldest. A segment that
 * cannot be used is set aside and another begun; a disk that takes nothing costs what was to be written, and no more.
 */
export class TraceStore {
  readonly #settings: TraceSettings;
  readonly #warn: (message: string) => void;
  readonly #steps = new Map<number, StepRow>();
  readonly #tags = new Map<number, TagSet>();
  #segment: Segment | undefined;
  #lookedMs = 0;
  #lost = 0;
  #open: readonly OpenRow[] = [];
  #failing = "";
  #allDigested = false;
  /** Files the pipeline removed, which wait for their digest. */
  readonly #removed: Removed[] = [];

  /** What a former process left to be digested belongs to no passage any more. */
  constructor(settings: TraceSettings, warn: (message: string) => void) {
    this.#settings = settings;
    this.#warn = warn;
    const { removed } = settings;
    if (removed === undefined || !existsSync(removed)) return;
    for (const name of readdirSync(removed)) rmSync(join(removed, name), { force: true });
  }

  /** Writes batches in one transaction: many small ones write the same pages of the indexes again and again. Never throws. */
  write(...batches: readonly TraceBatch[]): void {
    let together: TraceBatch[] = [];
    for (const batch of batches) {
      if (batch.forget) {
        this.#writeTogether(together);
        together = [];
        this.#tags.clear();
      }
      for (const [id, ...step] of batch.steps ?? []) this.#steps.set(id, step);
      for (const [id, set] of batch.tags ?? []) this.#tags.set(id, set);
      this.#open = batch.open ?? this.#open;
      this.#lost += batch.lost ?? 0;
      together.push(batch);
    }
    this.#writeTogether(together);
  }

  #writeTogether(batches: readonly TraceBatch[]): void {
    if (batches.length === 0) return;
    this.#allDigested = false;
    if (this.#try(batches) || this.#try(batches)) return;
    for (const { passages } of batches) {
      this.#lost += passages.length;
      this.#removed.push(...passages.flatMap((row) => removedOf(row) ?? []));
    }
  }

  /** Gives some kept files their digest, as long as nobody wants anything else. Returns whether there is more to do. */
  async digestSome(wanted: () => boolean): Promise<boolean> {
    const segment = this.#segment;
    if (!this.#settings.digest || this.#allDigested || segment === undefined) return false;
    const found: (readonly [number, string])[] = [];
    const files = segment.undigested(DIGESTS_AT_ONCE);
    for (const { id, path, size } of files) {
      if (!wanted()) break;
      found.push([id, await digestOf(path, size)]);
    }
    if (segment !== this.#segment) return true;
    if (found.length > 0) segment.digests(found);
    this.#allDigested = files.length < DIGESTS_AT_ONCE && found.length === files.length;
    return !this.#allDigested;
  }

  /**
   * Takes the digest of some files that the pipeline removed, and removes them. Returns how many, and their bytes as they were told;
   * undefined: none waits.
   */
  async digestRemoved(): Promise<readonly [files: number, bytes: number] | undefined> {
    const room = this.#settings.removed;
    if (room === undefined || this.#removed.length === 0) return undefined;
    const some = this.#removed.splice(0, DIGESTS_AT_ONCE);
    const found: (readonly [number, string])[] = [];
    for (const { place, name } of some) {
      const path = join(room, name);
      const sha256 = place === undefined ? "" : await digestOf(path);
      rmSync(path, { force: true });
      if (place !== undefined && sha256 !== "" && place.segment === this.#segment) found.push([place.id, sha256]);
    }
    if (found.length > 0) this.#segment?.keepDigests(found);
    return [some.length, some.reduce((sum, { size }) => sum + size, 0)];
  }

  close(): void {
    this.#segment?.close();
    this.#segment = undefined;
  }

  /** False: it did not work, and the next attempt is with another segment. */
  #try(batches: readonly TraceBatch[]): boolean {
    try {
      const segment = this.#current();
      const removed: Removed[] = [];
      segment.together(() => {
        for (const batch of batches) removed.push(...this.#insert(segment, batch));
        if (this.#lost > 0) segment.lost(Date.now(), this.#lost);
      });
      // Only now: what failed is written again.
      this.#removed.push(...removed);
      this.#lost = 0;
      if (this.#failing !== "") this.#warn("the trace is written again");
      this.#failing = "";
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Returns which of the files were removed. */
  #insert(segment: Segment, { passages, routings, open }: TraceBatch): readonly Removed[] {
    const stepOf = (id: number): number => segment.step(this.#steps.get(id) ?? ["?", "?", ""]);
    const first = segment.passages(passages, stepOf);
    const seen: SQLInputValue[] = [];
    for (const [index, after, step, own, tags] of routings ?? []) {
      const passage = passages[index];
      const set = this.#tags.get(tags);
      if (passage === undefined || set === undefined) continue;
      const [at, , name] = passage;
      seen.push(first + index, at + after, stepOf(step), name, JSON.stringify(own), segment.tags(set));
    }
    segment.routings(seen);
    if (open !== undefined) segment.open(open, stepOf);
    return passages.flatMap((row, index) => removedOf(row, { segment, id: first + index }) ?? []);
  }

  #current(): Segment {
    const now = Date.now();
    if (this.#segment !== undefined && now - this.#lookedMs < LOOK_EVERY_MS) return this.#segment;
    this.#lookedMs = now;
    mkdirSync(this.#settings.directory, { recursive: true, mode: 0o750 });
    const last = listSegments(this.#settings.directory).at(-1);
    const { maxAgeS, maxBytes } = this.#settings;
    const full =
      last !== undefined &&
      (last.bytes > Math.max(SEGMENT_MIN_BYTES, maxBytes / SEGMENTS) ||
        now - last.begunMs > (maxAgeS / SEGMENTS) * 1000);
    if (last === undefined || full || this.#segment?.path !== last.path) {
      this.close();
      this.#segment = last === undefined || full ? this.#begin(now) : this.#resume(last.path);
    }
    this.#prune(now);
    return this.#segment ?? this.#begin(now);
  }

  #begin(now: number): Segment {
    const segment = new Segment(join(this.#settings.directory, `${String(now).padStart(13, "0")}.sqlite`));
    // Files in work belong to the newest segment.
    if (this.#open.length > 0) segment.open(this.#open, (id) => segment.step(this.#steps.get(id) ?? ["?", "?", ""]));
    return segment;
  }

  /** What is in work there died with the pipeline that said so. */
  #resume(path: string): Segment {
    let reason = "it is damaged";
    try {
      const segment = new Segment(path);
      if (segment.isSound()) {
        segment.open([], () => 0);
        return segment;
      }
      segment.close();
    } catch (error) {
      if (isFull(error)) throw error;
      reason = error instanceof Error ? error.message : String(error);
    }
    this.#warn(`${path} cannot be used (${reason}); it is set aside and a new one begun`);
    setAside(path);
    return this.#begin(Date.now());
  }

  #prune(now: number): void {
    const { directory, maxAgeS, maxBytes } = this.#settings;
    const old = listSegments(directory).filter(({ path }) => path !== this.#segment?.path);
    let bytes = listSegments(directory).reduce((sum, segment) => sum + segment.bytes, 0);
    for (const segment of old) {
      if (bytes <= maxBytes && now - segment.changedMs <= maxAgeS * 1000) continue;
      removeSegment(segment.path);
      bytes -= segment.bytes;
    }
    const aside = join(directory, "unreadable.sqlite");
    const stat = statSync(aside, { throwIfNoEntry: false });
    if (stat !== undefined && now - stat.mtimeMs > maxAgeS * 1000) rmSync(aside, { force: true });
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#failing) this.#warn(`the trace cannot be written: ${message}; the pipeline goes on without`);
    this.#failing = message;
    const path = this.#segment?.path;
    try {
      this.close();
    } catch {
      this.#segment = undefined;
    }
    this.#lookedMs = 0;
    if (path === undefined || !isDamage(error)) return;
    try {
      setAside(path);
    } catch {
      // It is in the way of nobody: the next one has another name.
    }
  }
}

/** The file of a passage, if the pipeline removed it. */
function removedOf({ 5: size, 8: name }: PassageRow, place?: Removed["place"]): Removed | undefined {
  return name === undefined ? undefined : { name, size, ...(place === undefined ? {} : { place }) };
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, by what node:sqlite keeps of them. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  return code === 11 || code === 26;
}

/** SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY: the disk's state, not the file's. */
function isFull(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  return [13, 10, 14, 8].includes(code);
}

/** Empty: it is not, or no longer, what was put there. `expected`: its size, where that is known. */
async function digestOf(path: string, expected?: number): Promise<string> {
  try {
    const { size } = statSync(path);
    if (expected !== undefined && size !== expected) return "";
    return size > READ_WHOLE_MAX ? await sha256(path) : hash("sha256", readFileSync(path));
  } catch {
    return "";
  }
}

async function sha256(path: string): Promise<string> {
  const whole = createHash("sha256");
  for await (const chunk of createReadStream(path)) whole.update(chunk);
  return whole.digest("hex");
}
