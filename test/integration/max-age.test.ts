/** Workers that are replaced for their age: `max_age` costs nobody a request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { failedOf } from "../support/load.ts";
import { makeStreet } from "../support/street.ts";

/** So many processes of each are seen. */
const GENERATIONS = 4;

test("two workers replaced every second or two fail no request, and never are away together", async () => {
  await using street = await makeStreet("numprocesses = 2\nmax_age = 1\n");
  const load = street.askVictim();
  const seen = [new Set<number>(), new Set<number>()];
  await until(`each was replaced ${GENERATIONS - 1} times`, async () => {
    const instances = await street.instances();
    const running = instances.filter(({ state }) => state === "running");
    assert.ok(running.length > 0, JSON.stringify(instances));
    instances.forEach(({ pid }, index) => {
      if (pid !== undefined) seen[index]?.add(pid);
    });
    return seen.every((pids) => pids.size >= GENERATIONS) ? true : undefined;
  });
  const figures = await load.stop();
  assert.equal(failedOf(figures), 0, JSON.stringify(figures));
  assert.ok(figures.ok > 100, JSON.stringify(figures));
});
