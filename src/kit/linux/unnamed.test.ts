import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeWhole } from "./unnamed.ts";

const directory = mkdtempSync(join(tmpdir(), "metwork-unnamed-"));
after(() => rmSync(directory, { recursive: true }));

test("a file is there whole, whatever its length, under a name nobody has", () => {
  const before = readdirSync("/proc/self/fd").length;
  const texts = ["", "short\n", "é日\u{1f388}", "lone \udce9", "x".repeat(30_000), "é".repeat(200_000)];
  for (const [index, text] of texts.entries()) {
    const path = join(directory, `tags é ${index}`);
    assert.equal(writeWhole(path, text, 0o604), true);
    assert.equal(readFileSync(path, "utf8"), Buffer.from(text).toString());
    assert.equal(statSync(path).mode & 0o777, 0o604 & ~process.umask());
    assert.equal(writeWhole(path, "another", 0o644), false);
    assert.equal(readFileSync(path, "utf8"), Buffer.from(text).toString());
  }
  assert.deepEqual(readdirSync(directory).length, texts.length);
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("what the system refuses is its error", () => {
  assert.throws(() => writeWhole(join(directory, "absent", "file"), "", 0o644), { code: "ENOENT" });
});
