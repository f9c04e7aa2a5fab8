import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type RuntimeLayout, runtimeLayout } from "../../core/module/paths.ts";
import type { Manifest } from "../../core/plan/types.ts";
import { appendHistory, generationBefore, type HistoryEntry, readHistory } from "./history.ts";
import type { LastApply } from "./outcome.ts";

let home: string;
let layout: RuntimeLayout;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mw-history-"));
  layout = runtimeLayout(home);
  mkdirSync(layout.var);
});
afterEach(() => rmSync(home, { recursive: true }));

const file = (): string => join(layout.var, "history.ndjson");

function record(number: number, changes: Partial<LastApply> = {}): LastApply {
  return {
    did: "applied",
    generation: `g${number}`,
    actions: [],
    notes: [],
    leftOut: [],
    failedStarts: {},
    at: new Date(number * 1000).toISOString(),
    reason: "metwork apply: because",
    tookMs: 1,
    ...changes,
  };
}

function manifest(id: string, files: Manifest["files"] = {}): Manifest {
  return { id, files, environments: {}, services: {} };
}

async function append(number: number, changes: Partial<LastApply> = {}): Promise<void> {
  const before = manifest(`g${number - 1}`);
  await appendHistory(layout, record(number, changes), { before, after: manifest(`g${number}`), rollback: false });
}

describe("history", () => {
  test("an entry says which files came, went and changed", async () => {
    const before = manifest("a", { same: "1", changed: "1", gone: "1" });
    const after = manifest("b", { same: "1", changed: "2", new: "1" });
    await appendHistory(layout, record(1), { before, after, rollback: false });
    const [entry] = await readHistory(layout);
    assert.deepEqual(entry?.files, {
      created: { names: ["new"], more: 0 },
      changed: { names: ["changed"], more: 0 },
      removed: { names: ["gone"], more: 0 },
    });
    assert.deepEqual([entry?.by.command, entry?.why, entry?.from], ["metwork apply", "because", "a"]);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
  });

  test("a thousand names are a hundred and a number", async () => {
    const files = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, "1"]));
    await appendHistory(layout, record(1), { before: undefined, after: manifest("b", files), rollback: false });
    const [entry] = await readHistory(layout);
    assert.deepEqual(
      [entry?.files.created.names.length, entry?.files.created.more, entry?.from],
      [100, 900, undefined],
    );
  });

  test("it keeps the last thousand", async () => {
    await append(1);
    const line = readFileSync(file(), "utf8");
    appendFileSync(file(), line.repeat(1_098));
    await append(2);
    assert.equal(readFileSync(file(), "utf8").split("\n").length, 1_101);
    assert.equal((await readHistory(layout)).length, 1_000);
    await append(3);
    const all = await readHistory(layout);
    assert.deepEqual([all.length, all.at(-2)?.generation, all.at(-1)?.generation], [1_000, "g2", "g3"]);
    assert.equal(readFileSync(file(), "utf8").split("\n").length, 1_001);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
  });

  test("wherever a kill tears the last line, the others stay and the next is whole", async () => {
    await append(1);
    await append(2);
    const whole = statSync(file()).size;
    const second = readFileSync(file(), "utf8").indexOf("\n") + 1;
    for (let size = whole - 1; size > second; size -= 37) {
      truncateSync(file(), size);
      const left = (await readHistory(layout)).map(({ generation }) => generation);
      assert.deepEqual(left, size === whole - 1 ? ["g1", "g2"] : ["g1"]);
    }
    await append(3);
    assert.deepEqual(
      (await readHistory(layout)).map(({ generation }) => generation),
      ["g1", "g3"],
    );
  });

  test("a retry that fails as before is not another entry", async () => {
    const notes = [{ code: "MF5002", severity: "error", message: "the port is taken" }] as const;
    await append(1, { did: "rolled back", generation: "g0", notes });
    await append(2, { did: "rolled back", generation: "g0", notes });
    assert.equal((await readHistory(layout)).length, 1);
    await append(3, { did: "rolled back", generation: "g0", notes: [{ ...notes[0], message: "another one" }] });
    await append(4);
    await append(5);
    assert.equal((await readHistory(layout)).length, 4);
  });
});

describe("the generation before", () => {
  const entry = (from: string | undefined, generation: string, changes: Partial<HistoryEntry> = {}): HistoryEntry =>
    ({ did: "applied", rollback: false, from, generation, ...changes }) as HistoryEntry;
  const cases: [what: string, history: HistoryEntry[], id: string, expected: string | undefined][] = [
    ["the one it replaced", [entry(undefined, "a"), entry("a", "b")], "b", "a"],
    ["none before the first", [entry(undefined, "a")], "a", undefined],
    [
      "a rollback does not lead back to what it left",
      [entry("a", "b"), entry("b", "c"), entry("c", "b", { rollback: true })],
      "b",
      "a",
    ],
    ["what failed was never in force", [entry("a", "b"), entry("b", "b", { did: "rolled back" })], "b", "a"],
    ["what was killed left no entry: the last known is before it", [entry("a", "b")], "c", "b"],
  ];
  for (const [what, history, id, expected] of cases) {
    test(what, () => assert.equal(generationBefore(history, id), expected));
  }
});
