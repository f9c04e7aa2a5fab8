import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RunnableService } from "../../core/plan/services.ts";
import { readProcess } from "../../kit/linux/process.ts";
import { launch } from "./child.ts";
import { Logs } from "./logs.ts";

/** Longer than the output of a process that has ended is waited for, in milliseconds. */
const HELD_UP_MS = 500;

test("the last words of a process are in its log, also when its supervisor was held up since it ended", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "metwork-child-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const stdout = join(directory, "log");
  const service: RunnableService = {
    id: "talker",
    argv: ["sh", "-c", "echo last words"],
    cwd: directory,
    env: { PATH: process.env["PATH"] ?? "" },
    instances: 1,
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: 0 },
    maxAgeS: 0,
    limits: {},
    log: { stdout },
    reads: [],
    onChange: "restart",
    tier: 1,
  };
  const surroundings = { home: directory, wrappers: { dieWithUs: [], prlimit: undefined }, logs: new Logs() };
  const child = launch(surroundings, { service, instance: 1 });
  const released = child.release();
  const begun = performance.now();
  while (readProcess(child.pid)?.state !== "Z" || performance.now() - begun < HELD_UP_MS) hold(10);
  await released;
  assert.equal(readFileSync(stdout, "utf8"), "last words\n");
});

/** Lets this process do nothing at all for so many milliseconds. */
function hold(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
