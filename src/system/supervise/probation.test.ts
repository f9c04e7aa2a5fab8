import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Probation } from "./probation.ts";

let child: ReturnType<typeof spawn>;
let passed = 0;
let probation: Probation;
const pid = (): number => child.pid ?? 0;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"], detached: true });
  passed = 0;
  probation = new Probation(() => {
    passed += 1;
  });
});
afterEach(() => {
  probation.over();
  child.kill("SIGKILL");
  mock.timers.reset();
});

test("three short lives: the next process gets what others leave, and is replaced when it has lived for a minute", () => {
  for (let end = 0; end < 2; end++) probation.ended(10);
  assert.equal(probation.begun(pid()), false);
  assert.equal(getPriority(pid()), getPriority());
  probation.ended(10);
  assert.equal(probation.begun(pid()), true);
  assert.equal(getPriority(pid()), getPriority() + 10);
  const group = `/proc/${pid()}/autogroup`;
  if (existsSync(group)) assert.match(readFileSync(group, "utf8"), /nice [1-9]|^$/);
  mock.timers.tick(59_000);
  assert.equal(passed, 0);
  mock.timers.tick(1000);
  assert.equal(passed, 1);
});

test("long lives do not count, nor what was before another program", () => {
  for (let end = 0; end < 5; end++) probation.ended(5000);
  assert.equal(probation.begun(pid()), false);
  for (let end = 0; end < 3; end++) probation.ended(10);
  probation.over();
  assert.equal(probation.begun(pid()), false);
});

test("one that dies before its minute is over, or is replaced, is not replaced for it", () => {
  for (let end = 0; end < 3; end++) probation.ended(10);
  probation.begun(pid());
  probation.ended(10);
  mock.timers.tick(60_000);
  probation.begun(pid());
  probation.over();
  mock.timers.tick(60_000);
  assert.equal(passed, 0);
});
