import assert from "node:assert/strict";
import { test } from "node:test";
import { runSchedules } from "../chaos/pipeline/sim/run.ts";

test("files come through 1,000 seeded schedules of deaths and refusals on a simulated disk", async () => {
  const { deaths, refusals, problems } = await runSchedules(1_000_000, 1000);
  assert.deepEqual(problems, []);
  assert.ok(deaths > 1000 && refusals > 100);
});
