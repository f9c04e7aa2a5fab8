import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ensureDirectory, exists, listDirectory, readTextFile, writeFileAtomically } from "./fs.ts";

const directory = mkdtempSync(join(tmpdir(), "kit-fs-"));
after(() => rmSync(directory, { recursive: true }));
const inside = (name: string): string => join(directory, name);

test("text comes back as written, byte-order mark included", () => {
  writeFileSync(inside("text"), "\ufeffé\r\n");
  assert.deepEqual(readTextFile(inside("text")), { ok: true, text: "\ufeffé\r\n" });
});

test("what cannot be read says why", () => {
  mkdirSync(inside("dir"));
  const reasons = ["none", "dir", "text/below"].map((name) => {
    const read = readTextFile(inside(name));
    return read.ok ? "ok" : read.reason;
  });
  assert.deepEqual(reasons, ["missing", "kind", "kind"]);
});

const BAD: readonly (readonly [name: string, bytes: readonly number[], line: number, col: number])[] = [
  ["a lone Latin-1 byte", [0x61, 0xe9, 0x0a], 1, 2],
  ["after a whole two-byte character", [0x0a, 0xc3, 0xa9, 0xff], 2, 2],
  ["a character cut by the end of the file", [0x61, 0x0a, 0x62, 0xe2, 0x82], 2, 2],
  ["a line feed inside a character", [0xc3, 0x0a, 0x61], 1, 1],
];
for (const [name, bytes, line, col] of BAD) {
  test(`the first byte that is not UTF-8 is pointed at: ${name}`, () => {
    writeFileSync(inside("bad"), Buffer.from(bytes));
    assert.deepEqual(readTextFile(inside("bad")), {
      ok: false,
      reason: "encoding",
      message: "not valid UTF-8",
      line,
      col,
    });
  });
}

test("a replaced file has the new content and mode, and leaves nothing beside it", async () => {
  const home = inside("atomic");
  await ensureDirectory(join(home, "deep"), 0o750);
  assert.equal(statSync(join(home, "deep")).mode & 0o777, 0o750);
  await writeFileAtomically(join(home, "file"), "one", 0o600);
  await writeFileAtomically(join(home, "file"), "two", 0o666);
  assert.deepEqual(readTextFile(join(home, "file")), { ok: true, text: "two" });
  assert.equal(statSync(join(home, "file")).mode & 0o777, 0o666);
  assert.deepEqual(readdirSync(home), ["deep", "file"]);
});

test("a write that fails leaves nothing behind", async () => {
  const home = inside("failing");
  mkdirSync(join(home, "target", "child"), { recursive: true });
  await assert.rejects(writeFileAtomically(join(home, "target"), "text", 0o600));
  assert.deepEqual(readdirSync(home), ["target"]);
});

test("entries are sorted and say what they are", () => {
  const home = inside("list");
  mkdirSync(join(home, "b"), { recursive: true });
  writeFileSync(join(home, "a"), "");
  symlinkSync("nowhere", join(home, "C"));
  assert.deepEqual(listDirectory(home), {
    ok: true,
    entries: [
      { name: "C", kind: "link" },
      { name: "a", kind: "file" },
      { name: "b", kind: "directory" },
    ],
  });
  assert.equal(exists(join(home, "a")), true);
  assert.equal(exists(join(home, "C")), false);
});

test("an existing directory keeps its mode", async () => {
  const home = inside("kept");
  mkdirSync(home);
  chmodSync(home, 0o700);
  await ensureDirectory(home, 0o755);
  assert.equal(statSync(home).mode & 0o777, 0o700);
});
