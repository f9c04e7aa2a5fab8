import assert from "node:assert/strict";
import { test } from "node:test";
import { Allowance } from "./allowance.ts";

test("a minute's worth may be written at once, and no more until a tenth of it is back", () => {
  const allowance = new Allowance();
  assert.equal(allowance.takes(1_000, 1_000, 0), true);
  assert.equal(allowance.takes(1, 1_000, 0), false);
  assert.equal(allowance.takes(50, 1_000, 5_000), false);
  assert.equal(allowance.takes(50, 1_000, 6_000), true);
  assert.equal(allowance.takes(50, 1_000, 6_000), true);
  assert.equal(allowance.takes(1, 1_000, 6_000), false);
});

test("what was not written is not saved up beyond a minute's worth", () => {
  const allowance = new Allowance();
  assert.equal(allowance.takes(1, 1_000, 0), true);
  assert.equal(allowance.takes(1_001, 1_000, 600_000), false);
});

test("0 is no limit", () => {
  assert.equal(new Allowance().takes(1e12, 0, 0), true);
});
