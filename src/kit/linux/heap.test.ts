import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trimHeap } from "./heap.ts";

test("freed memory goes back to the system though a small piece above it is still used", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const pieces: Buffer[] = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(60_000).fill(1));
  const kept = pieces.filter((_, index) => index % 100 === 99);
  pieces.length = 0;
  collect();
  const before = process.memoryUsage.rss();
  trimHeap();
  const after = process.memoryUsage.rss();
  assert.ok(before - after > 50_000_000, `${before} then ${after} bytes`);
  assert.equal(kept[0]?.[0], 1);
});
