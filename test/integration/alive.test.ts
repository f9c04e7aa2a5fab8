/** Workers that die, hang, stand still, leak, multiply or babble: what becomes of them, and that nobody else notices. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { killWorkers } from "../chaos/killed-workers.ts";
import { failedOf } from "../support/load.ts";

test("kill -9 of one of two workers every second fails no request, and each comes back", async () => {
  const { kills, victim, neighbour, restarts } = await killWorkers(5);
  assert.equal(failedOf(victim), 0, JSON.stringify(victim));
  assert.equal(failedOf(neighbour), 0, JSON.stringify(neighbour));
  assert.equal(restarts, kills);
  assert.ok(victim.ok > 0 && neighbour.ok > 0);
});
