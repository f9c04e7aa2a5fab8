import assert from "node:assert/strict";
import { test } from "node:test";
import { killInFlight } from "../chaos/pipeline/kills.ts";

test("the daemon and the workers of its steps, killed among files: each file is at its ends once, as it was", async () => {
  const { verdict, daemons, workers } = await killInFlight(7, 300, 8);
  assert.deepEqual(verdict.problems, []);
  assert.ok(daemons > 0 && workers > 0);
  assert.ok(verdict.again <= 2 * (daemons + workers), `${verdict.again} executed again`);
});
