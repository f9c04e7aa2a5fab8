import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FailedPlugin, failedNow, nextTry } from "./quarantine.ts";

const SECOND = 1_000;

function failing(times: number, digest: string | undefined, at = 0): FailedPlugin {
  let failed: FailedPlugin | undefined;
  for (let time = 0; time < times; time++) {
    failed = failedNow(failed, { ...(digest !== undefined && { digest }), reasons: [] }, at);
  }
  assert.ok(failed);
  return failed;
}

const WAITS: readonly (readonly [what: string, times: number, digest: string | undefined, seconds: number])[] = [
  ["the same again after its first failure", 1, "old", 5],
  ["the same after its third", 3, "old", 120],
  ["the same after very many", 99, "old", 600],
  ["something new, at once", 1, "new", 0],
  ["something new for the fourth time in a row", 4, "new", 1],
  ["something new for the tenth time", 10, "new", 60],
  ["what nginx refused, whenever it is asked", 9, undefined, 0],
];

for (const [what, times, digest, seconds] of WAITS) {
  test(`waits ${seconds} s before it tries ${what}`, () => {
    const failed = failing(times, digest === undefined ? undefined : "old");
    assert.equal(nextTry(failed, digest ?? "old"), seconds * SECOND);
  });
}

test("what changed never waits longer than what did not", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(), (times, at) => {
      const failed = failing(times, "old", at);
      return nextTry(failed, "new") <= nextTry(failed, "old") && nextTry(failed, "old") === failed.retryAt;
    }),
  );
});
