import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, readFileSync, writeSync } from "node:fs";
import { describe, it } from "node:test";
import { makePipe, ownProcesses, readEnviron, readProcess, sendSignal } from "./process.ts";

describe("processes", () => {
  it("are read as the kernel knows them", () => {
    const facts = readProcess(process.pid);
    assert.equal(facts?.parent, process.ppid);
    const uptimeTicks = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 100;
    assert.ok((facts?.startTicks ?? 0) > 0 && (facts?.startTicks ?? 0) < uptimeTicks);
    assert.equal(readProcess(2 ** 30), undefined);
    assert.ok(ownProcesses().includes(process.pid));
  });

  it("may have any name", async () => {
    const script =
      "require('fs').writeFileSync('/proc/self/comm', 'a) Z 1 (b'); console.log(1); setInterval(() => {}, 1e6)";
    const child = spawn(process.execPath, ["-e", script], { detached: true, env: { MARK: "a b\nc" } });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const pid = child.pid ?? 0;
    const facts = readProcess(pid);
    assert.deepEqual([facts?.parent, facts?.group, facts?.session], [process.pid, pid, pid]);
    assert.ok(readEnviron(pid).includes("MARK=a b\nc"));
    assert.equal(sendSignal(-pid, "SIGKILL"), true);
    await new Promise((resolve) => child.on("exit", resolve));
    assert.equal(sendSignal(-pid, 0), false);
    assert.deepEqual(readEnviron(pid), []);
  });

  it("that never started are nobody, not the caller's own group", () => {
    assert.equal(sendSignal(0, 0), false);
    assert.equal(sendSignal(-0, 0), false);
  });

  it("talk through pipes that a child does not inherit by accident", async () => {
    const { read, write } = makePipe();
    const child = spawn("ls", ["/proc/self/fd"], { stdio: ["ignore", write, "inherit"] });
    await new Promise((resolve) => child.on("exit", resolve));
    writeSync(write, "end");
    closeSync(write);
    assert.deepEqual(readFileSync(read, "utf8").split("\n").slice(0, 3), ["0", "1", "2"]);
    closeSync(read);
  });
});
