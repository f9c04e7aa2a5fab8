import assert from "node:assert/strict";
import { test } from "node:test";
import { ignoreMask } from "./mask.ts";
import { glob } from "./pattern.ts";
import { pythonRegex } from "./regex.ts";
import { compileRules, mergeTargets } from "./rules.ts";
import type { SwitchRuleSpec } from "./types.ts";

const globs: readonly (readonly [pattern: string, value: string, matches: boolean])[] = [
  ["PNG image*", "PNG image data, 1 x 1", true],
  ["PNG image*", "a PNG image", false],
  ["PNG image*", "PNG image\ndata", true],
  ["png*", "PNG image", false],
  ["*.csv", "a.csv", true],
  ["*.csv", "a.csv.gz", false],
  ["obs_*_?.csv", "obs_x_1.csv", true],
  ["obs_*_?.csv", "obs_x_12.csv", false],
  ["a[0-9]", "a5", true],
  ["a[!0-9]", "a5", false],
  ["a[!0-9]", "ab", true],
  ["a[]]", "a]", true],
  ["a[]-]", "a-", true],
  ["a[^b]", "a^", true],
  ["a[^b]", "ac", false],
  ["a[\\]", "a\\", true],
  ["a[z-a]", "aq", false],
  ["a[", "a[", true],
  ["(a|b).+$", "(a|b).+$", true],
  ["(a|b)?$", "(a|b)x$", true],
  ["*", "", true],
];
for (const [pattern, value, matches] of globs) {
  test(`glob ${pattern} ${matches ? "matches" : "does not match"} ${JSON.stringify(value)}`, () =>
    assert.equal(glob(pattern)(value), matches));
}

const regexes: readonly (readonly [pattern: string, value: string, matches: boolean])[] = [
  ["a", "abc", true],
  ["b", "abc", false],
  ["a|b", "bc", true],
  [".*\\.bufr(\\.gz)?$", "x.bufr.gz", true],
  ["(?i)PNG", "png image", true],
  ["(?P<x>a)(?P=x)", "aa", true],
  ["(?P<x>a)(?P=x)", "ab", false],
  ["\\Aabc\\Z", "abc", true],
  ["\\Aabc\\Z", "abcd", false],
  ["a.c", "a\nc", false],
  ["(?s)a.c", "a\nc", true],
];
for (const [pattern, value, matches] of regexes) {
  test(`regex ${pattern} ${matches ? "matches" : "does not match"} ${JSON.stringify(value)}`, () =>
    assert.equal(compiled(pattern)(value), matches));
}

function compiled(pattern: string) {
  const matches = pythonRegex(pattern);
  assert.ok(typeof matches !== "string", String(matches));
  return matches;
}

test("what would backtrack for ever is matched in linear time; what cannot be is refused", () => {
  const value = `${"a".repeat(3000)}b`;
  const began = process.cpuUsage();
  for (const pattern of ["(a+)+$", "(?i)(A|AA)*$", "(?P<x>(a*)*)c\\Z", "a*a*a*a*c", "(?:(?:a{1,9}){5}){5}c"]) {
    assert.equal(compiled(pattern)(value), false, pattern);
  }
  assert.equal(compiled("(a+)+b\\Z")(value), true);
  assert.equal(glob("*a*a*a*a*a*c")(value), false);
  assert.equal(glob("*a*a*a*a*a*b")(value), true);
  assert.ok(process.cpuUsage(began).user < 3_000_000);
  assert.match(String(pythonRegex("(?=a)(a+)+$")), /for ever/);
});

function rule(type: SwitchRuleSpec["type"], pattern: string, ...targets: readonly string[]): SwitchRuleSpec {
  return {
    plugin: "me",
    type,
    tag: ["alwaystrue", "python", "expression"].includes(type) ? "" : "tag",
    pattern,
    targets: targets.map((text) => ({ plugin: text.replace("*", ""), step: "main", hardlink: text.endsWith("*") })),
  };
}

const TAGGED = new Map([["tag", "value"]]);
const UNTAGGED = new Map<string, string>();
const rules: readonly (readonly [type: SwitchRuleSpec["type"], pattern: string, tagged: boolean, untagged: boolean])[] =
  [
    ["equal", "value", true, false],
    ["equal", "{NOT_FOUND}", false, true],
    ["notequal", "value", false, true],
    ["fnmatch", "v*", true, false],
    ["fnmatch", "*", true, true],
    ["notfnmatch", "v*", false, true],
    ["regex", "val", true, false],
    ["regex", "alue", false, false],
    ["notregex", "val", false, true],
    ["alwaystrue", "whatever", true, true],
    ["python", "module.function", false, false],
    ["expression", "x['tag'].startswith('val')", true, false],
    ["expression", "not has(x['tag'])", false, true],
  ];
for (const [type, pattern, tagged, untagged] of rules) {
  test(`${type} ${pattern}`, () => {
    const router = compileRules([rule(type, pattern, "a")]);
    assert.deepEqual([router.route(TAGGED).length, router.route(UNTAGGED).length], [Number(tagged), Number(untagged)]);
  });
}

test("all rules are asked, targets add up, each step once; it is a link only if all say so", () => {
  const router = compileRules([
    rule("equal", "value", "a*", "b*"),
    rule("alwaystrue", "", "b", "c*"),
    rule("fnmatch", "v*", "a*"),
  ]);
  const targets = router.route(TAGGED).map(({ plugin, hardlink }) => `${plugin}${hardlink ? "*" : ""}`);
  assert.deepEqual(targets, ["a*", "b", "c*"]);
});

test("rules that are functions say what the caller was answered", () => {
  const router = compileRules([rule("python", "m.f", "a"), rule("js", "m.g", "b"), rule("python", "m.h", "c")]);
  const [yes, no, unknown] = router.asked;
  assert.ok(yes !== undefined && no !== undefined && unknown !== undefined);
  const answers = new Map([
    [yes, { verdict: "yes" as const }],
    [no, { verdict: "no" as const }],
    [unknown, { verdict: "unknown" as const }],
  ]);
  assert.deepEqual(
    router.route(TAGGED, answers).map(({ plugin }) => plugin),
    ["a"],
  );
});

test("a bad rule is told and leaves the others alone", () => {
  const router = compileRules([
    rule("regex", "(", "a"),
    rule("expression", "exit()", "a"),
    rule("python", "m.f", "a"),
    rule("equal", "value", "b"),
  ]);
  assert.deepEqual(
    router.route(TAGGED).map(({ plugin }) => plugin),
    ["b"],
  );
  assert.deepEqual(
    router.rules.filter(({ problem }) => problem !== undefined).map(({ spec }) => spec.type),
    ["regex", "expression"],
  );
  assert.deepEqual(
    router.asked.map(({ spec }) => spec.type),
    ["python"],
  );
});

test("ignore masks match at the start, and .working and our own files always", () => {
  const ignored = ignoreMask(["^.*\\.t$", "^.*\\.tmp$", "draft", "("]);
  const names = ["a.t", "a.tmp", "a.working", "draft-1", ".metwork.x", "a.txt", "my-draft", "a.t.gz", "new\nline.t"];
  assert.deepEqual(names.filter(ignored), ["a.t", "a.tmp", "a.working", "draft-1", ".metwork.x", "new\nline.t"]);
  assert.equal(ignoreMask([])("a.t"), false);
});

test("targets are merged with the highest priority any rule gives", () => {
  const to = { plugin: "a", step: "main" };
  assert.deepEqual(
    mergeTargets([
      { ...to, hardlink: true, priority: 9 },
      { ...to, hardlink: false },
    ]),
    [{ ...to, hardlink: false, priority: 9 }],
  );
  assert.deepEqual(
    mergeTargets([
      { ...to, hardlink: false, priority: 2 },
      { ...to, hardlink: false, priority: 1 },
    ]),
    [{ ...to, hardlink: false, priority: 2 }],
  );
});
