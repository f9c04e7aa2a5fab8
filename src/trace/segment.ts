import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { OpenRow, PassageRow, TagSet } from "../core/trace/batch.ts";
import { Insert } from "./insert.ts";
import { SEGMENT_SCHEMA, SEGMENT_VERSION } from "./schema.ts";

/** A file of the trace. */
export interface SegmentFile {
  readonly path: string;
  /** When it was begun, milliseconds since the epoch. */
  readonly begunMs: number;
  /** With its log, bytes. */
  readonly bytes: number;
  readonly changedMs: number;
}

const NAME = /^(\d{13})\.sqlite$/;
const PARTS = ["", "-wal", "-shm"];
/** The log is written into the file after so many pages: rarely, since that waits for the disk. */
const CHECKPOINT_PAGES = 4000;

/** A kept file that has no digest yet. */
export interface Undigested {
  readonly id: number;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** The passage before the first that has none: looked for once, later ones are known by their numbers. */
const BEFORE_UNDIGESTED = `SELECT coalesce(
  (SELECT min(id) - 1 FROM passage WHERE path IS NOT NULL AND id NOT IN (SELECT passage FROM digest)),
  (SELECT max(id) FROM passage), 0) AS id`;

export type StepRow = readonly [plugin: string, step: string, version: string];

/** The segments of a directory, oldest first; none when it does not exist. */
export function listSegments(directory: string): readonly SegmentFile[] {
  return entries(directory)
    .flatMap((name) => {
      const begunMs = Number(NAME.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(begunMs)) return [];
      const path = join(directory, name);
      const stats = PARTS.map((part) => statSync(path + part, { throwIfNoEntry: false }));
      const bytes = stats.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
      const changedMs = Math.max(...stats.map((stat) => stat?.mtimeMs ?? 0));
      return [{ path, begunMs, bytes, changedMs }];
    })
    .sort((a, b) => a.begunMs - b.begunMs);
}

export function removeSegment(path: string): void {
  for (const part of PARTS) rmSync(path + part, { force: true });
}

/** Keeps a file that cannot be read for whoever wants to look at it, out of the way; only one is kept. */
export function setAside(path: string): void {
  for (const part of PARTS.slice(1)) rmSync(path + part, { force: true });
  renameSync(path, join(path, "..", "unreadable.sqlite"));
}

/** One file of the trace, open for writing. Every method throws what SQLite says. */
export class Segment {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #insert: Readonly<Record<"child" | "digest" | "open" | "step" | "tags", StatementSync>>;
  readonly #passages: Insert;
  readonly #routings: Insert;
  /** The number of the next passage; undefined: to be looked for. */
  #next: number | undefined;
  readonly #steps = new Map<string, number>();
  readonly #tags = new Map<string, number>();
  /** The same, by what they were last told as: nearly every row has the set of the row before. */
  #sets = new WeakMap<TagSet, number>();
  /** All up to this number have a digest, or need none; undefined: not looked for yet. */
  #digestedTo: number | undefined;

  /** Opens the newest segment of a directory, or begins one. */
  constructor(path: string) {
    this.path = path;
    this.#db = new DatabaseSync(path, { timeout: 1000 });
    const db = this.#db;
    try {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
      db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
      if (version === 0) db.exec(SEGMENT_SCHEMA);
      else if (version !== SEGMENT_VERSION) throw new Error(`${path} is of another version`);
      this.#insert = {
        child: db.prepare("INSERT INTO child VALUES (?, ?)"),
        digest: db.prepare("INSERT OR REPLACE INTO digest VALUES (?, ?)"),
        open: db.prepare("INSERT INTO open VALUES (?, ?, ?, ?, ?)"),
        step: db.prepare("INSERT INTO step VALUES (NULL, ?, ?, ?)"),
        tags: db.prepare("INSERT INTO tags VALUES (NULL, ?)"),
      };
      this.#passages = new Insert(db, "passage", 9);
      this.#routings = new Insert(db, "routing", 6);
      for (const row of db.prepare("SELECT id, plugin, step, version FROM step").all()) {
        this.#steps.set(`${row["plugin"]}\n${row["step"]}\n${row["version"]}`, Number(row["id"]));
      }
      for (const row of db.prepare("SELECT id, json FROM tags").all()) {
        this.#tags.set(String(row["json"]), Number(row["id"]));
      }
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Whether SQLite finds it sound; takes as long as reading it. */
  isSound(): boolean {
    return this.#db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] === "ok";
  }

  /** Does it all, or nothing when it throws. */
  together(act: () => void): void {
    this.#db.exec("BEGIN");
    try {
      act();
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      // What was defined in it is not there.
      this.#steps.clear();
      this.#tags.clear();
      this.#sets = new WeakMap();
      this.#next = undefined;
      throw error;
    }
  }

  /** Returns the number the segment knows a step by. */
  step([plugin, step, version]: StepRow): number {
    const key = `${plugin}\n${step}\n${version}`;
    const known = this.#steps.get(key) ?? Number(this.#insert.step.run(plugin, step, version).lastInsertRowid);
    this.#steps.set(key, known);
    return known;
  }

  /** Returns the number the segment knows a set of tags by. */
  tags(set: TagSet): number {
    const same = this.#sets.get(set);
    if (same !== undefined) return same;
    const json = JSON.stringify(set);
    const known = this.#tags.get(json) ?? Number(this.#insert.tags.run(json).lastInsertRowid);
    this.#tags.set(json, known);
    this.#sets.set(set, known);
    return known;
  }

  /** `stepOf` turns the sender's number of a step into the segment's. Returns the number of the first; the others follow it. */
  passages(rows: readonly PassageRow[], stepOf: (id: number) => number): number {
    const first = this.#next ?? this.#lastPassage() + 1;
    const values: SQLInputValue[] = [];
    for (const [index, [at, uid, name, directory, counter, size, visits, path]] of rows.entries()) {
      const stored = visits.map(([step, after, tookMs, ending, detail, sent]) => {
        return [stepOf(step), after, tookMs, ending, detail, sent.map(([to, id, bytes]) => [stepOf(to), id, bytes])];
      });
      values.push(first + index, at, uid, name, directory, counter, size, JSON.stringify(stored), path);
    }
    this.#passages.rows(values);
    for (const [index, { 6: visits }] of rows.entries()) {
      for (const [, , , , , sent] of visits)
        for (const [, child] of sent) if (child !== 0) this.#insert.child.run(child, first + index);
    }
    this.#next = first + rows.length;
    return first;
  }

  #lastPassage(): number {
    return Number(this.#db.prepare("SELECT coalesce(max(id), 0) AS id FROM passage").get()?.["id"]);
  }

  /** What switches saw, row after row as the table has them. */
  routings(values: readonly SQLInputValue[]): void {
    this.#routings.rows(values);
  }

  open(rows: readonly OpenRow[], stepOf: (id: number) => number): void {
    this.#db.exec("DELETE FROM open");
    for (const [uid, name, step, at, size] of rows) this.#insert.open.run(uid, name, stepOf(step), at, size);
  }

  lost(at: number, passages: number): void {
    this.#db.prepare("INSERT INTO gap VALUES (?, ?)").run(at, passages);
  }

  /** The oldest kept files without a digest; those of the time before are given theirs first. */
  undigested(limit: number): readonly Undigested[] {
    this.#digestedTo ??= Number(this.#db.prepare(BEFORE_UNDIGESTED).get()?.["id"]);
    const rows = this.#db
      .prepare("SELECT id, path, size FROM passage WHERE id > ? AND path IS NOT NULL ORDER BY id LIMIT ?")
      .all(this.#digestedTo, limit);
    return rows.map((row) => ({ id: Number(row["id"]), path: String(row["path"]), size: Number(row["size"]) }));
  }

  /** Keeps digests of passages. */
  keepDigests(found: readonly (readonly [passage: number, sha256: string])[]): void {
    this.together(() => {
      for (const [passage, sha256] of found) this.#insert.digest.run(passage, sha256);
    });
  }

  /** Keeps digests of what `undigested` gave, from the first on. */
  digests(found: readonly (readonly [passage: number, sha256: string])[]): void {
    this.keepDigests(found);
    this.#digestedTo = found.at(-1)?.[0] ?? this.#digestedTo;
  }

  close(): void {
    this.#db.close();
  }
}

function entries(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
