import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../kit/exec.ts";
import { makePipe } from "../../kit/linux/process.ts";
import { DEFAULT_LOG_POLICY, LogFile } from "../../kit/log-file.ts";
import { copyOutput } from "./output.ts";

test("a program that writes line by line is not kept waiting for each of them, and its lines stay whole", {
  timeout: 60_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "metwork-output-"));
  const alive = setInterval(() => undefined, 1000);
  try {
    const log = new LogFile(join(directory, "log"), () => DEFAULT_LOG_POLICY);
    const argv = ["-c", "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); echo line $i; done"];
    const bareBegun = performance.now();
    await run(["sh", ...argv]);
    const bareMs = performance.now() - bareBegun;
    const begun = performance.now();
    const pipe = makePipe();
    const output = copyOutput(pipe.read, log);
    spawn("sh", argv, { stdio: ["ignore", pipe.write, "ignore"] });
    closeSync(pipe.write);
    await output.ended;
    const tookMs = performance.now() - begun;
    await log.close();
    const expected = Array.from({ length: 10_000 }, (_, index) => `line ${index + 1}\n`).join("");
    assert.equal(readFileSync(log.path, "utf8"), expected);
    assert.deepEqual(output.lastLines(1), ["line 10000"]);
    assert.ok(tookMs < 2_000 + 10 * bareMs, `${tookMs} ms; without a log ${bareMs} ms`);
  } finally {
    clearInterval(alive);
    rmSync(directory, { recursive: true });
  }
});
