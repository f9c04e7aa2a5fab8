import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/kit/exec.ts";

const SCRIPT = join(import.meta.dirname, "..", "chaos", "flow-power.chaos.ts");

test("a durable pipeline loses nothing it accepted when the power is cut", async (context) => {
  const env = { ...process.env, CHAOS: "short" };
  const { code, stdout, stderr } = await run([process.execPath, SCRIPT], { env, timeoutMs: 90_000 });
  if (stdout.includes("skipped")) context.skip(stdout.trim());
  else {
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /3 cuts, [1-9]\d* files accepted, [1-9]\d* told as done before a cut; 0 lost, 0 twice/);
  }
});
