import assert from "node:assert/strict";
import { test } from "node:test";
import { dueName, readDueName, retryDelayS } from "./retry.ts";

test("waits grow as the predecessor's did, up to the longest", () => {
  const spec = { total: 10, minWaitS: 1, maxWaitS: 120, backoff: 4 };
  const delays = [1, 2, 3, 4, 5, 6, 7].map((n) => retryDelayS(spec, n));
  assert.deepEqual(delays, [5, 9, 17, 33, 65, 120, 120]);
  assert.equal(retryDelayS({ ...spec, backoff: 0 }, 3), 1);
  assert.equal(retryDelayS(spec, 5000), 120);
});

test("a name says when a file is due", () => {
  assert.equal(readDueName(dueName(1763780000123, "mw0123456789-1")), 1763780000123);
  assert.equal(readDueName("mw0123456789-1"), undefined);
});
