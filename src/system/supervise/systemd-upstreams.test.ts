import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOf } from "./systemd-upstreams.ts";

const NOW_US = 10_000_000;

function status(ActiveState: string, SubState: string, more: Readonly<Record<string, string>> = {}) {
  return statusOf({ ActiveState, SubState, MainPID: "0", NRestarts: "3", ...more }, NOW_US);
}

test("what systemd says of a unit is a worker's state", () => {
  assert.deepEqual(status("active", "running", { MainPID: "7", ActiveEnterTimestampMonotonic: "8000000" }), {
    state: "running",
    pid: 7,
    restarts: 3,
    fails: 0,
  });
  assert.deepEqual(status("activating", "auto-restart"), { state: "backoff", restarts: 3, fails: 3 });
  assert.equal(status("activating", "start-pre").state, "starting");
  assert.equal(status("deactivating", "stop-sigterm").state, "stopping");
  assert.equal(status("inactive", "dead").state, "stopped");
  assert.equal(status("failed", "failed").state, "stopped");
});

test("one that began to serve just now has failed before", () => {
  assert.equal(status("active", "running", { ActiveEnterTimestampMonotonic: "9500000" }).fails, 3);
  const first = { NRestarts: "0", ActiveEnterTimestampMonotonic: "9500000" };
  assert.equal(status("active", "running", first).fails, 0);
});

test("a unit systemd does not know is stopped", () => {
  assert.deepEqual(statusOf({}, NOW_US), { state: "stopped", restarts: 0, fails: 0 });
});
