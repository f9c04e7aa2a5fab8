import assert from "node:assert/strict";
import { test } from "node:test";
import { judgePressure, type Measured } from "./pressure.ts";

const MB = 1024 * 1024;
const LIMITS = { freeBytes: 100 * MB, freeInodes: 50, waiting: 1000 };
const FINE: Measured = { readOnly: false, freeBytes: 500 * MB, freeInodes: 500, waiting: 10, steps: new Map() };
const what = (measured: Partial<Measured>, before: readonly string[] = []): string[] =>
  judgePressure(
    before.map((name) => ({ what: name, text: "" })),
    { ...FINE, ...measured },
    LIMITS,
  ).map((reason) => reason.what);

test("files are taken while every limit is kept, and for ever without limits", () => {
  assert.deepEqual(what({}), []);
  assert.deepEqual(what({ freeBytes: 100 * MB, freeInodes: 50, waiting: 1000 }), []);
  assert.deepEqual(
    judgePressure([], { ...FINE, freeBytes: 0, waiting: 1e9 }, { freeBytes: 0, freeInodes: 0, waiting: 0 }),
    [],
  );
  assert.deepEqual(what({ freeInodes: undefined }), []);
});

test("each limit is a reason of its own", () => {
  assert.deepEqual(what({ freeBytes: 99 * MB, freeInodes: 49, waiting: 1001 }), ["space", "inodes", "waiting"]);
  assert.deepEqual(what({ readOnly: true }), ["read-only"]);
  assert.deepEqual(
    what({
      steps: new Map([
        ["a.main", { waiting: 6, limit: 5 }],
        ["b.main", { waiting: 5, limit: 5 }],
      ]),
    }),
    ["waiting a.main"],
  );
});

test("what was refused is taken again only when it is a fifth better", () => {
  assert.deepEqual(what({ freeBytes: 119 * MB }, ["space"]), ["space"]);
  assert.deepEqual(what({ freeBytes: 120 * MB }, ["space"]), []);
  assert.deepEqual(what({ waiting: 801 }, ["waiting"]), ["waiting"]);
  assert.deepEqual(what({ waiting: 800 }, ["waiting"]), []);
  assert.deepEqual(what({ waiting: 900 }, ["space"]), []);
});
