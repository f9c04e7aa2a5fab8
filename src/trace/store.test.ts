import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, test } from "node:test";
import type { PassageRow, TraceSettings } from "../core/trace/batch.ts";
import { TraceReader } from "./query.ts";
import { IS_UID, SEGMENT_SCHEMA } from "./schema.ts";
import { TraceStore } from "./store.ts";

let root = "";
let directory = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "metwork-trace-"));
  directory = join(root, "trace");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test("files get their digests, the oldest first, as long as there is time for it", async () => {
  const store = open();
  store.write({ passages: Array.from({ length: 60 }, (_, number) => kept(number)) });
  let left = 5;
  assert.equal(await store.digestSome(() => left-- > 0), true, "there is more to do");
  assert.deepEqual(digested(60), [0, 1, 2, 3, 4]);
  assert.equal(await store.digestSome(() => false), true);
  assert.deepEqual(digested(60), [0, 1, 2, 3, 4]);
  while (await store.digestSome(() => true));
  assert.equal(digested(60).length, 60);
  store.close();
});

for (const [which, column] of [
  ["now", "substr(uid, 1, 8)"],
  ["before", "uid"],
] as const) {
  test(`a uid is found by the index segments have ${which}`, () => {
    const db = new DatabaseSync(":memory:");
    db.exec(SEGMENT_SCHEMA);
    db.exec(`DROP INDEX passage_uid; CREATE INDEX passage_uid ON passage (${column})`);
    const [plan] = db.prepare(`EXPLAIN QUERY PLAN SELECT id FROM passage WHERE ${IS_UID}`).all("u".repeat(32));
    assert.match(String(plan?.["detail"]), /^SEARCH passage USING (?:COVERING )?INDEX passage_uid /);
    db.close();
  });
}

test("passages of many batches are all there, each with what its switch saw", () => {
  const store = open();
  const batches = Array.from({ length: 3 }, (_, batch) => ({
    ...(batch === 0 && { steps: [[1, "switch", "main", ""] as const], tags: [[1, { same: {}, own: ["a"] }] as const] }),
    passages: Array.from({ length: 17 + batch }, (_, index) => kept(100 * batch + index)),
    routings: Array.from({ length: 17 + batch }, (_, index) => [index, 1, 1, [`${batch}.${index}`], 1] as const),
  }));
  store.write(...batches.slice(0, 2));
  store.write(...batches.slice(2));
  store.close();
  const reader = new TraceReader(directory);
  const seen = [...reader.routings("switch", 0, Date.now() + 1000)].map(({ name, own }) => [name, own]);
  const all = [17, 18, 19].flatMap((count, batch) =>
    Array.from({ length: count }, (_, index) => [`f${100 * batch + index}`, `["${batch}.${index}"]`]),
  );
  assert.deepEqual(seen, all);
  for (const [name = ""] of all) assert.equal(reader.find(name, 10).length, 1);
  reader.close();
});

test("a new process goes on where another stopped; a file that is not what was kept gets none", async () => {
  const first = open();
  first.write({ passages: [kept(0), kept(1)] });
  while (await first.digestSome(() => true));
  first.write({ passages: [kept(2), kept(3), kept(4)] });
  first.close();
  writeFileSync(join(root, "f3"), "something else, and longer");
  const next = open();
  next.write({ passages: [kept(5)] });
  while (await next.digestSome(() => true));
  assert.deepEqual(digested(6), [0, 1, 2, 4, 5]);
  next.close();
});

test("removed files get their digest and go; what a former process left of them goes when the next begins", async () => {
  const removed = join(root, "removed");
  mkdirSync(removed);
  writeFileSync(join(removed, "gone-old"), "of another time");
  const store = open({ removed });
  assert.ok(!existsSync(join(removed, "gone-old")));
  const row = (number: number, name: string): PassageRow => {
    writeFileSync(join(removed, name), `content ${number}`);
    return [Date.now(), `uid${number}`, `f${number}`, "incoming", 0, 10 + number, [], null, name];
  };
  const lost = row(2, "gone-2");
  rmSync(join(removed, "gone-2"));
  store.write({ passages: [row(0, "gone-0"), row(1, "gone-1"), lost] });
  assert.deepEqual(await store.digestRemoved(), [3, 33]);
  assert.equal(await store.digestRemoved(), undefined);
  assert.deepEqual(readdirSync(removed), []);
  store.close();
  assert.deepEqual(digested(3), [0, 1]);
});

test("removed files are noted once when their write is repeated, and when it fails for good", async ({ mock }) => {
  const removed = join(root, "removed");
  mkdirSync(removed);
  const warnings: string[] = [];
  const write = (store: TraceStore, number: number): void => {
    const name = `gone-${number}`;
    writeFileSync(join(removed, name), `content ${number}`);
    const row: PassageRow = [Date.now(), `uid${number}`, `f${number}`, "incoming", 0, 10, [], null, name];
    store.write({ passages: [row] }, { passages: [[Date.now(), "uid", "last", "incoming", 0, 0, [], null]] });
  };
  const refuse = (): void => {
    const names = readdirSync(directory).filter((one) => one.endsWith(".sqlite"));
    const segment = new DatabaseSync(join(directory, names.sort().at(-1) ?? ""));
    const raise = "BEGIN SELECT RAISE(ABORT, 'refused'); END";
    segment.exec(`CREATE TRIGGER refuse BEFORE INSERT ON passage WHEN new.name = 'last' ${raise}`);
    segment.close();
  };
  const warn = (message: string): void => void warnings.push(message);
  // What comes after a failure is written to another segment here, since this one is old by then.
  const repeated = open({ removed, maxAgeS: 0.1 }, warn);
  repeated.write({ passages: [kept(0)] });
  refuse();
  mock.timers.enable({ apis: ["Date"], now: Date.now() + 20 });
  write(repeated, 1);
  assert.deepEqual(await repeated.digestRemoved(), [1, 10]);
  assert.equal(await repeated.digestRemoved(), undefined);
  repeated.close();
  assert.deepEqual(digested(2), [1]);
  mock.timers.reset();
  const failed = open({ removed }, warn);
  failed.write({ passages: [kept(2)] });
  refuse();
  write(failed, 3);
  assert.deepEqual(await failed.digestRemoved(), [1, 10]);
  assert.deepEqual(readdirSync(removed), []);
  assert.equal(warnings.filter((one) => one.includes("refused")).length, 2);
  failed.close();
});

test("what is written together is understood batch by batch: a number means what was last said of it", () => {
  const store = open();
  const set = (type: string) => ({ same: { type }, own: [] });
  const batch = (number: number, type: string) => ({
    tags: [[1, set(type)] as const],
    passages: [kept(number)],
    routings: [[0, 0, 1, [], 1] as const],
  });
  store.write(batch(0, "a"), { forget: true, ...batch(1, "b") }, { passages: [kept(2)], lost: 7 });
  store.close();
  const db = new DatabaseSync(join(directory, readdirSync(directory).find((name) => name.endsWith(".sqlite")) ?? ""));
  const rows = db.prepare("SELECT name, json FROM routing JOIN tags ON tags.id = tags ORDER BY name").all();
  assert.deepEqual(
    rows.map((row) => [row["name"], JSON.parse(String(row["json"]))]),
    [
      ["f0", set("a")],
      ["f1", set("b")],
    ],
  );
  assert.equal(db.prepare("SELECT count(*) AS count FROM passage").get()?.["count"], 3);
  assert.deepEqual(
    db
      .prepare("SELECT passages FROM gap")
      .all()
      .map((row) => row["passages"]),
    [7],
  );
  db.close();
});

function open(more: Partial<TraceSettings> = {}, warn: (message: string) => void = assert.fail): TraceStore {
  const settings = { keep: true, directory, maxAgeS: 3600, maxBytes: 1024 ** 3, digest: true, ...more };
  return new TraceStore(settings, warn);
}

function kept(number: number): PassageRow {
  const path = join(root, `f${number}`);
  writeFileSync(path, `content ${number}`);
  return [Date.now(), `uid${number}`, `f${number}`, "incoming", 0, `content ${number}`.length, [], path];
}

/** Which of so many files are found by their digest. */
function digested(count: number): readonly number[] {
  const reader = new TraceReader(directory);
  const found = Array.from({ length: count }, (_, number) => number).filter((number) => {
    return reader.find(hash("sha256", `content ${number}`), 1)[0] === `uid${number}`;
  });
  reader.close();
  return found;
}
