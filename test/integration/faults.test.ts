import assert from "node:assert/strict";
import { test } from "node:test";
import { AKIN, KINDS, SLOW } from "../chaos/fault-kinds.ts";
import { inOneLine, runFaults } from "../chaos/faults.ts";

test("a fault of every kind is contained and named, and costs the others no request", async (context) => {
  const kinds = Object.keys(KINDS).filter((kind) => !SLOW.has(kind) && !AKIN.has(kind));
  const report = await runFaults(kinds);
  context.diagnostic(inOneLine(report));
  assert.deepEqual(report.problems, []);
  assert.ok(report.kinds >= 20 && report.contained === report.faults, inOneLine(report));
  assert.equal(report.failed, 0, JSON.stringify(report.load));
});
