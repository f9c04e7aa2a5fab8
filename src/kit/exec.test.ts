import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./exec.ts";

const node = process.execPath;

test("gives the exit code and both outputs, with arguments untouched", async () => {
  const script = "process.stdout.write(process.argv[1]); process.stderr.write('no'); process.exit(3)";
  const ran = await run([node, "-e", script, 'a "b"; $HOME é']);
  assert.deepEqual(ran, { code: 3, stdout: 'a "b"; $HOME é', stderr: "no", timedOut: false });
});

test("gives the input and exactly the environment it was told", async () => {
  const script = "process.stdin.pipe(process.stdout); process.stderr.write(JSON.stringify(process.env))";
  const ran = await run([node, "-e", script], { input: "x".repeat(300_000), env: { ONLY: "1", NOT: undefined } });
  assert.equal(ran.stdout.length, 300_000);
  assert.deepEqual(JSON.parse(ran.stderr), { ONLY: "1" });
});

test("a program that does not read its input is no error", async () => {
  assert.equal((await run(["true"], { input: "x".repeat(1_000_000) })).code, 0);
});

test("a missing program is told, not thrown", async () => {
  const ran = await run(["/nowhere/at-all"]);
  assert.equal(ran.code, 127);
  assert.match(ran.stderr, /\/nowhere\/at-all could not be started/);
});

test("a program that takes too long is ended, even one that does not want to", async () => {
  // A shell's trap stands sooner than a handler of Node, which a busy machine may not have begun by then.
  const ran = await run(["sh", "-c", "trap '' TERM; exec sleep 1000"], { timeoutMs: 1_000 });
  assert.deepEqual([ran.code, ran.timedOut], [137, true]);
});
