import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/kit/exec.ts";

const SCRIPT = join(import.meta.dirname, "..", "chaos", "flow-ways-in.chaos.ts");

test("a full or read-only disk: every way in refuses, nothing is lost, and soon all are taken again", async (context) => {
  const env = { ...process.env, CHAOS: "short" };
  const { code, stdout, stderr } = await run([process.execPath, SCRIPT], { env, timeoutMs: 120_000 });
  if (stdout.includes("SKIPPED")) context.skip(stdout.trim());
  else {
    assert.equal(code, 0, stdout + stderr);
    assert.match(
      stdout,
      /full 1 times, read-only 1 times; [1-9]\d* refusals of .* 0 more than 5 s later than that; 0 problems/,
    );
  }
});
