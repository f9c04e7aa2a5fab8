import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_MODE, modeAt, readMode } from "./completeness.ts";

test("modes are read as they are documented", () => {
  assert.deepEqual(readMode("close"), DEFAULT_MODE);
  assert.deepEqual(readMode(" rename  recursive "), { complete: { by: "rename" }, recursive: true });
  assert.deepEqual(readMode("companion:.done")?.complete, { by: "companion", suffix: ".done" });
  assert.deepEqual(readMode("temporary:~")?.complete, { by: "temporary", suffix: "~" });
  assert.deepEqual(readMode("stable:30")?.complete, { by: "stable", seconds: 30 });
});

for (const wrong of [
  "",
  "closed",
  "close:1",
  "stable",
  "stable:0",
  "stable:x",
  "stable:100000",
  "companion",
  "companion:/x",
  "rename deep",
]) {
  test(`\`${wrong}\` is none`, () => assert.equal(readMode(wrong), undefined));
}

test("one mode is for all directories, several are for one each", () => {
  const [stable, rename] = [readMode("stable:3"), readMode("rename")];
  assert.ok(stable && rename);
  assert.equal(modeAt([stable], 4), stable);
  assert.equal(modeAt([stable, rename], 1), rename);
  assert.equal(modeAt([stable, rename], 2), DEFAULT_MODE);
  assert.equal(modeAt([], 0), DEFAULT_MODE);
});
