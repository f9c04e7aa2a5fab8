import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import type { LogPolicy } from "../core/module/log-policy.ts";
import { LogFile } from "./log-file.ts";

const POLICY: LogPolicy = { maxBytes: 100, maxAgeS: 0, maxBytesPerMinute: 0, keep: 3, mode: 0o600 };

describe("LogFile", () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "metwork-log-"));
    path = join(directory, "a.log");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const rotated = (): string[] =>
    readdirSync(directory)
      .filter((name) => name.startsWith("a.log."))
      .sort();

  /** Writes the chunks one after the other, each on the disk before the next. */
  async function write(policy: Partial<LogPolicy>, ...chunks: readonly string[]): Promise<void> {
    const log = new LogFile(path, () => ({ ...POLICY, ...policy }));
    for (const chunk of chunks) {
      log.write(Buffer.from(chunk));
      await log.close();
    }
  }

  it("appends, with the mode it was told", async () => {
    writeFileSync(path, "before\n", { mode: 0o644 });
    await write({}, "after\n");
    assert.equal(readFileSync(path, "utf8"), "before\nafter\n");
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("makes a missing directory", async () => {
    path = join(directory, "deep", "er", "a.log");
    await write({}, "text\n");
    assert.equal(readFileSync(path, "utf8"), "text\n");
  });

  it("never lets a file grow over its size, and never splits a chunk", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 90, unit: "grapheme-ascii" }), { maxLength: 30 }),
        async (chunks) => {
          for (const name of readdirSync(directory)) rmSync(join(directory, name));
          await write({ keep: 1000 }, ...chunks);
          const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
          assert.ok(files.every((text) => text.length <= 100));
          assert.equal(files.join("").length, chunks.join("").length);
          for (const chunk of chunks) assert.ok(files.some((text) => text.includes(chunk)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it("names rotated files by date, or also at random when the second is taken, and keeps the newest", async () => {
    const chunks = [..."12345678"].map((digit) => `${digit.repeat(60)}\n`);
    await write({}, ...chunks);
    assert.equal(rotated().length, 3);
    for (const name of rotated()) assert.match(name, /^a\.log\.20\d{12}(\.[0-9a-f]{32})?$/);
    assert.equal(readFileSync(path, "utf8"), chunks[7]);
  });

  it("does not take a neighbour for one of its own", async () => {
    const neighbours = ["a.log2", "a.log.20250101000000.gz", "a.log.bak", "ba.log.20250101000000"];
    for (const name of neighbours) writeFileSync(join(directory, name), "");
    writeFileSync(join(directory, "a.log.20250101000000"), "");
    await write({ keep: 1 }, "x".repeat(90), "y".repeat(90));
    assert.deepEqual(
      neighbours.filter((name) => !readdirSync(directory).includes(name)),
      [],
    );
    assert.equal(readdirSync(directory).includes("a.log.20250101000000"), false);
  });

  it("keeps no rotated file when told so", async () => {
    await write({ keep: 0 }, "x".repeat(90), "y".repeat(90));
    assert.deepEqual(readdirSync(directory), ["a.log"]);
  });

  it("rotates by age", async () => {
    await write({ maxBytes: 0, maxAgeS: 3600 }, "young\n", "still young\n");
    assert.deepEqual(rotated(), []);
    while (Date.now() - statSync(path).birthtimeMs <= 2) await setImmediate();
    await write({ maxBytes: 0, maxAgeS: 0.001 }, "another\n");
    assert.equal(rotated().length, 1);
    assert.equal(readFileSync(path, "utf8"), "another\n");
  });

  it("follows the path when somebody else moves or removes the file", async () => {
    const log = new LogFile(path, () => POLICY);
    log.write(Buffer.from("one\n"));
    await log.close();
    renameSync(path, `${path}.moved`);
    log.write(Buffer.from("two\n"));
    await log.close();
    assert.equal(readFileSync(path, "utf8"), "two\n");
  });

  it("drops what a full disk does not take, and says so afterwards", async () => {
    symlinkSync("/dev/full", path);
    const mode = statSync("/dev/full").mode & 0o777;
    const log = new LogFile(path, () => ({ ...POLICY, mode }));
    log.write(Buffer.from("lost\n"));
    await log.close();
    rmSync(path);
    log.write(Buffer.from("kept\n"));
    await log.close();
    assert.match(readFileSync(path, "utf8"), /^metwork: 5 bytes of this log were lost: ENOSPC.*\nkept\n$/);
  });

  it("asks to wait before it drops anything, and calls back", async () => {
    const log = new LogFile(path, () => ({ ...POLICY, maxBytes: 0 }));
    const chunk = Buffer.alloc(64 * 1024, "x");
    let taken = 0;
    for (let room = true; room; taken++) room = log.write(chunk);
    assert.ok(taken * chunk.length <= 512 * 1024);
    await new Promise<void>((resolve) => log.drained(resolve));
    await log.close();
    assert.equal(statSync(path).size, taken * chunk.length);
  });

  it("holds no more than a bounded amount for those who do not wait", async () => {
    const log = new LogFile(path, () => ({ ...POLICY, maxBytes: 0 }));
    for (let count = 0; count < 100; count++) log.write(Buffer.alloc(64 * 1024, "x"));
    await log.close();
    const text = readFileSync(path, "latin1");
    const lost = Number(/metwork: (\d+) bytes of this log were lost: the disk is too slow\n/.exec(text)?.[1]);
    const kept = text.replaceAll(/[^x]/g, "").length;
    assert.ok(kept <= 1024 * 1024, `kept ${kept}`);
    assert.equal(kept + lost, 100 * 64 * 1024);
  });
});
