import assert from "node:assert/strict";
import { test } from "node:test";
import { MODULE_DIALECT } from "../ini/dialects.ts";
import { parseIni } from "../ini/parse.ts";
import { MODULE_OPTIONS } from "../module/options/index.ts";
import { MODULE_NAMES } from "../module/paths.ts";
import { commentedCopy, hasActiveLine } from "./commented.ts";
import { defaultsFile } from "./document.ts";

for (const module of MODULE_NAMES) {
  test(`the user's first file of ${module} has every section and sets nothing`, () => {
    const copy = commentedCopy(defaultsFile(module, MODULE_OPTIONS[module]), "/shipped.ini");
    const ini = parseIni(copy, "user.ini", MODULE_DIALECT);
    assert.deepEqual([ini.entries, ini.notes], [[], []]);
    assert.deepEqual(
      [...ini.sections.keys()],
      MODULE_OPTIONS[module].map(({ name }) => name),
    );
    assert.equal(hasActiveLine(copy), false);
  });

  test(`taking the # away from every option of ${module} gives the shipped values back`, () => {
    const shipped = defaultsFile(module, MODULE_OPTIONS[module]);
    const uncommented = commentedCopy(shipped, "/shipped.ini").replace(/^# (\w+ =)/gm, "$1");
    const pairs = (text: string) =>
      parseIni(text, "f.ini", MODULE_DIALECT).entries.map(({ section, key, value }) => [section, key, value]);
    assert.deepEqual(pairs(uncommented), pairs(shipped));
  });
}

const ACTIVE: readonly (readonly [text: string, active: boolean])[] = [
  ["", false],
  ["# a = 1\n[b]\n\n  # c\n  [d]", false],
  ["[b]\na = 1", true],
  ["  a = 1", true],
  ["==\n1", false],
];
for (const [text, active] of ACTIVE) {
  test(`${JSON.stringify(text)} ${active ? "sets" : "does not set"} something`, () => {
    assert.equal(hasActiveLine(text), active);
  });
}
