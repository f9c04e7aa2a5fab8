import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatTags, type Tags } from "../../src/core/flow/tags.ts";
import { Placer } from "../../src/flow/file/placer.ts";
import type { FlowFile } from "../../src/flow/types.ts";
import { writeTags } from "../../src/kit/tags.ts";

const root = mkdtempSync(join(tmpdir(), "metwork-placer-"));
after(() => rmSync(root, { recursive: true }));

/** Files that the steps before left claimed: `count` of them, in a directory of their own. */
function claimed(name: string, count: number): FlowFile[] {
  const directory = join(root, name);
  mkdirSync(directory);
  return Array.from({ length: count }, (_, index) => {
    const path = join(directory, `claim${index}`);
    writeFileSync(path, `${name} ${index}`);
    const tags: Tags = new Map([["first.core.original_uid", `${index}`.padStart(32, "0")]]);
    return { path, tags, place: undefined, shared: false, size: 1, owned: true };
  });
}

/** One of so many names, so that most find theirs taken. */
const NAMES = 40;
const to = (name: string, index: number) => {
  return { directory: join(root, name, "out/deep"), name: `é${index % NAMES}.png`, tagsSuffix: ".tags", chmod: 0o640 };
};

test("many files are placed by a second thread, each once, under a name of its own, with its tags", async () => {
  const placer = new Placer();
  let promises = 0;
  for (const round of ["first", "second"]) {
    const files = claimed(round, 400);
    const placed = files.map((file, index) => {
      if (index % 50 === 0) file.place = writeTags(file.path ?? "", file.path ?? "", file.tags);
      const path = placer.place(file, file.path ?? "", to(round, index));
      if (typeof path !== "string") promises += 1;
      return path;
    });
    const paths = await Promise.all(placed);
    assert.equal(new Set(paths).size, files.length);
    for (const [index, path] of paths.entries()) {
      assert.equal(readFileSync(path, "utf8"), `${round} ${index}`);
      assert.equal(statSync(path).mode & 0o777, 0o640);
      assert.equal(readFileSync(`${path}.tags`, "utf8"), formatTags(files[index]?.tags ?? new Map()));
      assert.equal(files[index]?.path, undefined);
    }
    assert.equal(readdirSync(join(root, round, "out/deep")).length, 2 * files.length);
    assert.equal(readdirSync(join(root, round)).length, 1);
  }
  assert.ok(promises > 40, `the thread had ${promises}`);
});

test("what cannot be placed says why, whoever tried it; a program's own output is placed at once", async () => {
  const placer = new Placer();
  const files = claimed("third", 80);
  const gone = files.filter((_, index) => index % 10 === 9);
  for (const { path } of gone) rmSync(path ?? "");
  const handled = files[70];
  if (handled !== undefined) handled.handled = true;
  const settled = await Promise.allSettled(
    files.map(async (file, index) => {
      const path = placer.place(file, file.path ?? "", to("third", index));
      if (file === handled) assert.equal(typeof path, "string");
      return path;
    }),
  );
  for (const [index, one] of settled.entries()) {
    if (index % 10 === 9) assert.equal(one.status === "rejected" && one.reason.code, "ENOENT", `file ${index}`);
    else assert.ok(one.status === "fulfilled" && existsSync(one.value), `file ${index}`);
  }
});
