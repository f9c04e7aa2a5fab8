import assert from "node:assert/strict";
import { linkSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nameFromBytes, systemPath } from "../core/flow/names.ts";
import { clearTags, dropSidecar, dropStaleSidecar, readMove, readTags, writeTags } from "./tags.ts";

const root = mkdtempSync(join(tmpdir(), "metwork-tags-"));
after(() => rmSync(root, { recursive: true }));

const TAGS = new Map([
  ["first.core.original_basename", "é\udcff\n.png"],
  ["a", "1"],
]);
const LARGE = new Map([["large", "x".repeat(100_000)]]);

function makeFile(name: string): string {
  const path = join(root, name);
  writeFileSync(systemPath(path), "content");
  return path;
}

const sidecars = (): string[] => readdirSync(root).filter((name) => name.startsWith(".metwork."));

for (const name of ["plain", "n".repeat(255), nameFromBytes(Buffer.from("a\xffb", "latin1"))]) {
  test(`tags are on the file ${name.slice(0, 10)}, move with it and go`, () => {
    const path = makeFile(name);
    assert.equal(writeTags(path, path, TAGS), "attribute");
    const moved = `${join(root, "moved")}`;
    renameSync(systemPath(path), moved);
    assert.deepEqual(readTags(moved), { tags: TAGS, place: "attribute" });
    clearTags(moved, "attribute");
    assert.deepEqual(readTags(moved), { tags: new Map(), place: undefined });
    assert.deepEqual(sidecars(), []);
  });

  test(`tags too large for the file ${name.slice(0, 10)} stand beside where it goes, before it is there`, () => {
    const path = makeFile(name);
    writeTags(path, path, TAGS);
    const target = join(root, "target");
    assert.equal(writeTags(path, target, LARGE), "sidecar");
    renameSync(systemPath(path), target);
    assert.deepEqual(readTags(target), { tags: LARGE, place: "sidecar" });
    assert.equal(writeTags(target, path, LARGE), "sidecar");
    renameSync(target, systemPath(path));
    dropSidecar(target);
    assert.deepEqual(readTags(path), { tags: LARGE, place: "sidecar" });
    clearTags(path, "sidecar");
    assert.deepEqual(sidecars(), []);
  });
}

test("a side-car without its file is removed, but not a young one", () => {
  const path = makeFile("orphan");
  writeTags(path, path, LARGE);
  const [sidecar = ""] = sidecars();
  const later = Date.now() + 61_000;
  dropStaleSidecar(root, sidecar, later);
  assert.equal(sidecars().length, 1, "its file is there");
  rmSync(path);
  dropStaleSidecar(root, sidecar, Date.now());
  assert.equal(sidecars().length, 1, "its file may come");
  dropStaleSidecar(root, sidecar, later);
  assert.equal(sidecars().length, 0);
});

test("hard links have tags of their own", () => {
  const one = makeFile("one");
  const two = join(root, "two");
  linkSync(one, two);
  writeTags(one, one, TAGS, true);
  writeTags(two, two, new Map([["b", "2"]]), true);
  assert.deepEqual(readTags(one).tags, TAGS);
  assert.deepEqual(readTags(two).tags, new Map([["b", "2"]]));
});

test("a missing file has no tags, and taking them off is fine", () => {
  const path = join(root, "missing");
  assert.deepEqual(readTags(path), { tags: new Map(), place: undefined });
  clearTags(path, "attribute");
  clearTags(path, "sidecar");
});

test("a file has its old tags until it is where its large ones are", () => {
  const path = makeFile("grows");
  writeTags(path, path, TAGS);
  const target = join(root, "grown");
  assert.equal(writeTags(path, target, LARGE), "sidecar");
  assert.deepEqual(readTags(path).tags, TAGS);
  renameSync(path, target);
  dropSidecar(path);
  assert.deepEqual(readTags(target).tags, LARGE);
});

test("where a file is about to go is no tag of it", () => {
  const path = makeFile("moves");
  writeTags(path, path, TAGS, false, "claim step.a.b/x");
  assert.deepEqual(readTags(path).tags, TAGS);
  assert.equal(readMove(path), "claim step.a.b/x");
  writeTags(path, path, TAGS);
  assert.equal(readMove(path), undefined);
});

test("tags longer than most are read whole where a file can carry them", () => {
  // ext4 has no room for such an attribute, tmpfs does.
  const directory = mkdtempSync("/dev/shm/metwork-tags-");
  try {
    const path = join(directory, "file");
    writeFileSync(path, "content");
    const long = new Map([["long", "x".repeat(10_000)]]);
    const place = writeTags(path, path, long);
    assert.deepEqual(readTags(path), { tags: long, place });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
