import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flatName, nameTemplate } from "./basename.ts";
import { byteLength, NAME_MAX } from "./names.ts";
import { freeName, tagsFileName } from "./placement.ts";
import { strftime } from "./strftime.ts";

const DATE = new Date(2024, 1, 9, 3, 4, 5, 67);
const UID = "0123456789abcdef0123456789abcdef";
const TAGS = new Map([
  ["first.core.original_basename", "my%dfile.png"],
  ["first.core.original_dirname", "../up"],
  ["first.core.original_uid", UID],
  ["latest.core.step_counter", "3"],
]);

const templates: readonly (readonly [template: string, name: string])[] = [
  ["{ORIGINAL_BASENAME}", "my%dfile.png"],
  ["%Y%m%d/{ORIGINAL_UID}", `20240209/${UID}`],
  ["%H%M%S-{STEP_COUNTER}-{RANDOM_ID}", "030405-3-random"],
  ["{ORIGINAL_DIRNAME}/x", ".._up/x"],
  ["100%%", "100%"],
  ["{UNKNOWN}{", "{UNKNOWN}{"],
  ["%{ORIGINAL_BASENAME}", "%my%dfile.png"],
];
for (const [template, name] of templates) {
  test(`the name ${template}`, () =>
    assert.equal(
      nameTemplate(template)(TAGS, DATE, () => "random"),
      name,
    ));
}

test("a template's times follow the clock", () => {
  const template = nameTemplate("%S");
  const at = (seconds: number): string => template(TAGS, new Date(2024, 1, 9, 0, 0, seconds), () => "");
  assert.deepEqual([at(1), at(1), at(2)], ["01", "01", "02"]);
});

test("a tag never adds a directory", () => {
  assert.deepEqual(["..", ".", "", "a/b", "a\0b", "ok"].map(flatName), ["_..", "_.", "_", "a_b", "a_b", "ok"]);
});

const directives: readonly (readonly [format: string, text: string])[] = [
  ["%Y-%m-%dT%H:%M:%S.%f", "2024-02-09T03:04:05.067000"],
  ["%y %j %e %I %p", "24 040  9 03 AM"],
  ["%a %A %b %B %u %w", "Fri Friday Feb February 5 5"],
  ["%F %T %R %D %C", "2024-02-09 03:04:05 03:04 02/09/24 20"],
  ["%% %Q 50%", "% %Q 50%"],
];
for (const [format, text] of directives) test(`strftime ${format}`, () => assert.equal(strftime(format, DATE), text));

test("names for equal names: extension kept, never too long, all different", () => {
  assert.equal(freeName("map.png", UID, 0), "map.png");
  assert.equal(freeName("map.png", UID, 1), "map~01234567.png");
  assert.equal(freeName("map.png", UID, 2), "map~01234567-2.png");
  assert.equal(freeName(".hidden", UID, 1), ".hidden~01234567");
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 255, unit: "binary" }), (name) => {
      const names = [1, 2, 3].map((attempt) => freeName(name, UID, attempt));
      assert.equal(new Set(names).size, 3);
      for (const free of names) assert.ok(byteLength(free) <= NAME_MAX);
    }),
  );
});

test("the tags file of a long name fits too", () => {
  const digest = (): string => "abcdef0123";
  assert.equal(tagsFileName("a.png", ".tags", digest), "a.png.tags");
  const long = tagsFileName("é".repeat(127), ".tags", digest);
  assert.ok(byteLength(long) <= NAME_MAX && long.endsWith("~abcdef01.tags"), long);
});
