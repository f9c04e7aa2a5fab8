import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LockBusyError, lockFile } from "./lock.ts";

let directory: string;
before(() => {
  directory = mkdtempSync(join(tmpdir(), "mw-lock-"));
});
after(() => rmSync(directory, { recursive: true }));

test("a lock is one at a time, and the next gets it when it is given back", async () => {
  const path = join(directory, "one");
  const lock = await lockFile(path, { waitMs: 0 });
  await assert.rejects(lockFile(path, { waitMs: 0 }), LockBusyError);
  const next = lockFile(path, { waitMs: 10_000 });
  lock.release();
  (await next).release();
});

test("who waits for a file that is removed meanwhile has not what somebody else has", async () => {
  const path = join(directory, "removed");
  const first = await lockFile(path, { waitMs: 0 });
  const waiting = lockFile(path, { waitMs: 10_000 });
  // As `mfserv.init` empties `var`, and another one starts at once.
  rmSync(path);
  const second = await lockFile(path, { waitMs: 0 });
  let isLate = true;
  const late = waiting.then((lock) => {
    assert.equal(isLate, false, "both have it");
    lock.release();
  });
  first.release();
  await assert.rejects(lockFile(path, { waitMs: 200 }), LockBusyError);
  isLate = false;
  second.release();
  await late;
});
