import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHECKPOINTS } from "../../src/kit/checkpoint.ts";
import { type Figures, killApplies, killMonitors, killRollbacks } from "../chaos/kills.ts";

// Each point once; `make chaos` does it twenty times.
const once = { times: 1, how: "here" } as const;

// An even number, since every second kill is followed by taking the cause back.
const half = 2 * Math.ceil(CHECKPOINTS.apply.length / 4);
const [early, late] = [CHECKPOINTS.apply.slice(0, half), CHECKPOINTS.apply.slice(half)];

const cases: readonly { what: string; run: () => Promise<Figures> }[] = [
  { what: "metwork apply, at every step of its first half", run: () => killApplies(once, early) },
  { what: "metwork apply, at every step of its second half", run: () => killApplies(once, late) },
  { what: "metwork apply, on its way back", run: () => killRollbacks(once, ["rollback-switched"]) },
  { what: "conf_monitor", run: () => killMonitors(once) },
];

// Side by side: each mostly waits for its appliance.
describe("crash safety", { concurrency: true }, () => {
  for (const { what, run } of cases) {
    test(`kill -9 of ${what}: the old generation or the new one, served throughout, and nothing left behind`, async () => {
      const figures = await run();
      assert.deepEqual(figures.problems, []);
      assert.equal(figures.settled, figures.kills);
      assert.ok(figures.requests > 0);
    });
  }
});
