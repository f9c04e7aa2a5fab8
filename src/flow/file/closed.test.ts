import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { closeDirectories, inClosed } from "./closed.ts";

const root = mkdtempSync(join(tmpdir(), "metwork-closed-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));
const [ftp, sftp] = [join(root, "ftp"), join(root, "sftp")];
for (const directory of [ftp, sftp]) {
  mkdirSync(directory);
  chmodSync(directory, 0o770);
}
const modes = (): readonly string[] => [ftp, sftp].map((directory) => (statSync(directory).mode & 0o7777).toString(8));

test("a closed directory is open for what the pipeline does there, for that moment, and again when it is over", () => {
  closeDirectories([ftp], [ftp, sftp]);
  assert.deepEqual(modes(), ["550", "770"]);
  const during = inClosed(join(ftp, "name"), modes);
  assert.deepEqual(during, ["770", "770"]);
  assert.throws(() =>
    inClosed(join(ftp, "name"), () => {
      throw new Error("gone");
    }),
  );
  assert.deepEqual(modes(), ["550", "770"]);
  assert.deepEqual(inClosed(join(sftp, "name"), modes), ["550", "770"]);
  closeDirectories([], [ftp, sftp]);
  assert.deepEqual(modes(), ["770", "770"]);
});

test("one that is no entrance any more is opened, one that somebody opened is closed again, a missing one is none", () => {
  closeDirectories([ftp, sftp], [ftp, sftp]);
  chmodSync(ftp, 0o770);
  closeDirectories([ftp, join(root, "missing")], [ftp]);
  assert.deepEqual(modes(), ["550", "770"]);
  closeDirectories([], []);
  assert.deepEqual(modes(), ["770", "770"]);
});
