import assert from "node:assert/strict";
import { test } from "node:test";
import type { SwitchRuleSpec } from "../flow/types.ts";
import { type Seen, whatIf } from "./what-if.ts";

function rule(type: SwitchRuleSpec["type"], tag: string, pattern: string, ...to: readonly string[]): SwitchRuleSpec {
  return { plugin: "p", type, tag, pattern, targets: to.map((plugin) => ({ plugin, step: "main", hardlink: false })) };
}

const NAME = "first.core.original_basename";
const SETS = [
  { same: { magic: "PNG" }, own: ["header"] },
  { same: { magic: "CSV" }, own: ["header"] },
] as const;

function seen(name: string, set: 0 | 1, header: string): Seen {
  return { name, own: JSON.stringify([header]), tags: SETS[set], tagsId: set };
}

const FILES = [seen("a.png", 0, "x"), seen("b.png", 0, "y"), seen("c.csv", 1, "x"), seen("d.csv", 1, "y")];

function moves(before: readonly SwitchRuleSpec[], after: readonly SwitchRuleSpec[]): unknown[] {
  return whatIf(FILES, before, after).moves.map(({ from, to, files, examples }) => [
    from.join(),
    to.join(),
    files,
    examples.join(),
  ]);
}

test("rules on shared tags, on a file's own tags and on its name say what moves, and what stays is not told", () => {
  const png = rule("equal", "magic", "PNG", "images");
  assert.deepEqual(moves([png], [png]), []);
  assert.deepEqual(moves([png], [png, rule("equal", "header", "x", "heads")]), [
    ["images/main", "heads/main,images/main", 1, "a.png"],
    ["", "heads/main", 1, "c.csv"],
  ]);
  assert.deepEqual(
    moves(
      [png, rule("fnmatch", NAME, "?.csv", "tables")],
      [rule("expression", "", "magic.x == 'a' or x['magic'] == 'CSV'", "tables")],
    ),
    [["images/main", "", 2, "a.png,b.png"]],
  );
  assert.deepEqual(moves([], [rule("notequal", "header", "x", "rest", "all")]), [
    ["", "all/main,rest/main", 2, "b.png,d.csv"],
  ]);
});

test("another rule to the same step moves nothing", () => {
  assert.deepEqual(moves([rule("equal", "magic", "PNG", "a")], [rule("fnmatch", NAME, "*.png", "a")]), []);
});

test("functions are not asked, and tags no file had are told", () => {
  const result = whatIf(FILES, [], [rule("python", "", "/d:m.f", "a"), rule("equal", "gone.tag", "x", "b")]);
  assert.deepEqual([result.files, result.moves, result.unseen], [4, [], ["gone.tag"]]);
  assert.deepEqual(result.notAsked, ["/d:m.f"]);
});
