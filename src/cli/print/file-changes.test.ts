import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { servedId } from "../../core/plan/manifest.ts";
import type { Manifest } from "../../core/plan/types.ts";
import type { Context } from "../command.ts";
import { fileChanges, printFileChanges, type Side } from "./file-changes.ts";

function side(title: string, texts: Readonly<Record<string, string>>): Side {
  const files = Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, text]));
  const services = { nginx: { reads: Object.keys(texts) } } as unknown as Manifest["services"];
  return { title, manifest: { id: title, files, environments: {}, services }, textOf: (path) => texts[path] };
}

function shown(color: boolean, before: Side, after: Side): string {
  const lines: string[] = [];
  printFileChanges(
    { color, out: (text: string) => lines.push(text) } as unknown as Context,
    fileChanges(before, after),
  );
  return lines.join("\n");
}

describe("file changes", () => {
  const before = side("old", { a: "one\ntwo\n", gone: "x\n", same: "s\n" });
  const after = side("new", { a: "one\nthree\n", fresh: "y\nz\n", same: "s\n" });

  test("changed, created and removed files, in the order of their paths", () => {
    assert.deepEqual(
      fileChanges(before, after).map(({ path, change }) => [path, change]),
      [
        ["a", "changed"],
        ["fresh", "created"],
        ["gone", "removed"],
      ],
    );
    assert.match(shown(false, before, after), /^--- a\told\n\+\+\+ a\tnew\n@@ .* @@\n one\n-two\n\+three$/m);
    assert.match(shown(false, before, after), /^\+\+\+ new file fresh \(2 lines\)\n--- removed gone \(1 lines\)$/m);
    assert.deepEqual(fileChanges(before, before), []);
  });

  test("colours are for terminals, and the heads are not taken for lines", () => {
    const esc = "\u001b";
    assert.ok(!shown(false, before, after).includes(esc));
    const colored = shown(true, before, after);
    for (const line of [`${esc}[31m-two${esc}[0m`, `${esc}[32m+three${esc}[0m`, `${esc}[1m--- a\told${esc}[0m`]) {
      assert.ok(colored.split("\n").includes(line), line);
    }
  });

  test("the id that nginx serves is no difference for a reader", () => {
    const served = (one: Side): string => (one.manifest === undefined ? "" : servedId(one.manifest));
    const withId = (one: Side): Side => ({ ...one, textOf: (path) => (path === "a" ? `id ${served(one)}\n` : "") });
    const [change] = fileChanges(withId(before), withId(after));
    assert.match(change?.patch ?? "", /only the id/);
  });
});
