import { DatabaseSync } from "node:sqlite";
import type { TagSet, VisitRow } from "../core/trace/batch.ts";
import type { OpenVisit, StepVersion, StoredPassage } from "../core/trace/story.ts";
import type { Seen } from "../core/trace/what-if.ts";
import { IS_UID, SEGMENT_VERSION } from "./schema.ts";
import { listSegments } from "./segment.ts";

/** A file that arrived. */
export interface Arrival {
  readonly at: number;
  readonly uid: string;
  readonly name: string;
  readonly directory: string;
  readonly size: number;
}

type Row = Readonly<Record<string, unknown>>;

const COLUMNS =
  "p.at, p.uid, p.name, p.directory, p.counter, p.size, p.visits, p.path, (SELECT sha256 FROM digest WHERE passage = p.id) AS sha256";
/** A story longer than this many passages is no file's. */
const UIDS_MAX = 10_000;

/** Reads a trace while it is written; segments that cannot be read are passed over and named in `unreadable`. */
export class TraceReader {
  readonly #segments: readonly { readonly db: DatabaseSync; readonly begunMs: number; readonly changedMs: number }[];
  readonly unreadable: readonly string[];

  constructor(directory: string) {
    const unreadable: string[] = [];
    this.#segments = listSegments(directory).flatMap(({ path, begunMs, changedMs }) => {
      try {
        const db = new DatabaseSync(path, { readOnly: true, timeout: 2000 });
        const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
        if (version === SEGMENT_VERSION) return [{ db, begunMs, changedMs }];
        db.close();
      } catch {
        unreadable.push(path);
      }
      return [];
    });
    this.unreadable = unreadable;
  }

  /** The newest uids, at most `limit`, of a name (`*`, `?` and `[` as in a shell), a uid or a SHA-256. */
  find(what: string, limit: number): readonly string[] {
    const found = new Set<string>();
    for (const { db } of this.#segments.toReversed()) {
      const queries = /^[0-9a-f]{64}$/.test(what)
        ? [
            "SELECT DISTINCT uid FROM passage WHERE id IN (SELECT passage FROM digest WHERE sha256 = ?) ORDER BY id DESC",
          ]
        : [
            `SELECT DISTINCT uid FROM passage WHERE ${IS_UID}`,
            `SELECT uid, max(at) AS at FROM passage WHERE name ${isGlob(what) ? "GLOB" : "="} ? GROUP BY uid ORDER BY at DESC`,
          ];
      for (const query of queries) {
        for (const row of db.prepare(`${query} LIMIT ${limit}`).all(what))
          if (found.size < limit) found.add(text(row, "uid"));
      }
    }
    return [...found];
  }

  /** All passages of these files, of what they come from, and of what was made of them. */
  passagesOf(uids: readonly string[]): readonly StoredPassage[] {
    const wanted = new Set(uids);
    const passages: StoredPassage[] = [];
    for (const uid of wanted) {
      if (wanted.size > UIDS_MAX) break;
      for (const { db } of this.#segments) {
        const steps = stepsOf(db);
        for (const row of db.prepare(`SELECT ${COLUMNS} FROM passage p WHERE ${IS_UID} ORDER BY at`).all(uid)) {
          const passage = passageOf(row, steps);
          passages.push(passage);
          for (const [, , , , , sent] of passage.visits)
            for (const [, child] of sent) if (child !== 0) wanted.add(child);
        }
        const parents = "SELECT uid FROM passage WHERE id IN (SELECT passage FROM child WHERE uid = ?)";
        for (const row of db.prepare(parents).all(uid)) wanted.add(text(row, "uid"));
      }
    }
    return passages;
  }

  /** What is in work now, as far as it takes long. */
  open(): readonly OpenVisit[] {
    const db = this.#segments.at(-1)?.db;
    if (db === undefined) return [];
    const steps = stepsOf(db);
    return db
      .prepare("SELECT uid, step, at FROM open")
      .all()
      .flatMap((row) => {
        const step = steps.get(Number(row["step"]));
        return step === undefined ? [] : [{ uid: text(row, "uid"), step, at: Number(row["at"]) }];
      });
  }

  /** Files that arrived from outside in [from, to), names as in `find`. */
  arrivals(pattern: string, fromMs: number, toMs: number): readonly Arrival[] {
    const query = `SELECT at, uid, name, directory, size FROM passage
      WHERE name ${isGlob(pattern) ? "GLOB" : "="} ? AND counter = 0 AND at >= ? AND at < ? ORDER BY at`;
    return this.#between(fromMs, toMs).flatMap((db) =>
      db
        .prepare(query)
        .all(pattern, fromMs, toMs)
        .map((row) => {
          const [at, size] = [Number(row["at"]), Number(row["size"])];
          return { at, uid: text(row, "uid"), name: text(row, "name"), directory: text(row, "directory"), size };
        }),
    );
  }

  /** How many passages were not recorded in [from, to). */
  lost(fromMs: number, toMs: number): number {
    const query = "SELECT coalesce(sum(passages), 0) AS lost FROM gap WHERE at >= ? AND at < ?";
    return this.#between(fromMs, toMs).reduce(
      (sum, db) => sum + Number(db.prepare(query).get(fromMs, toMs)?.["lost"]),
      0,
    );
  }

  /** Since when there is a record; undefined: there is none. */
  get sinceMs(): number | undefined {
    return this.#segments[0]?.begunMs;
  }

  /** Every file a switch saw in [from, to), oldest first. */
  *routings(switchPlugin: string, fromMs: number, toMs: number): Generator<Seen> {
    let base = 0;
    for (const db of this.#between(fromMs, toMs)) {
      const sets = new Map<number, TagSet>();
      for (const row of db.prepare("SELECT id, json FROM tags").iterate()) {
        sets.set(Number(row["id"]), JSON.parse(text(row, "json")));
      }
      const query = `SELECT name, own, tags FROM routing
        WHERE at >= ? AND at < ? AND step IN (SELECT id FROM step WHERE plugin = ?)`;
      for (const row of db.prepare(query).iterate(fromMs, toMs, switchPlugin)) {
        const id = row["tags"] as number;
        const tags = sets.get(id);
        if (tags === undefined) continue;
        yield { name: row["name"] as string, own: row["own"] as string, tags, tagsId: base + id };
      }
      base += Math.max(0, ...sets.keys());
    }
  }

  close(): void {
    for (const { db } of this.#segments) db.close();
  }

  #between(fromMs: number, toMs: number): readonly DatabaseSync[] {
    return this.#segments.filter(({ begunMs, changedMs }) => begunMs < toMs && changedMs >= fromMs).map(({ db }) => db);
  }
}

function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

function stepsOf(db: DatabaseSync): ReadonlyMap<number, StepVersion> {
  const rows = db.prepare("SELECT id, plugin, step, version FROM step").all();
  return new Map(
    rows.map((row) => [
      Number(row["id"]),
      { plugin: text(row, "plugin"), step: text(row, "step"), version: text(row, "version") },
    ]),
  );
}

function passageOf(row: Row, steps: ReadonlyMap<number, StepVersion>): StoredPassage {
  const visits: readonly VisitRow[] = JSON.parse(text(row, "visits"));
  const optional = (name: string): string | undefined =>
    row[name] === null || row[name] === "" ? undefined : text(row, name);
  return {
    at: Number(row["at"]),
    uid: text(row, "uid"),
    name: text(row, "name"),
    directory: text(row, "directory"),
    counter: Number(row["counter"]),
    size: Number(row["size"]),
    visits,
    path: optional("path"),
    sha256: optional("sha256"),
    steps,
  };
}

function text(row: Row, name: string): string {
  return String(row[name]);
}
