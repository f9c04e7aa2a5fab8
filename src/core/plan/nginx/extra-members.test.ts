import assert from "node:assert/strict";
import { test } from "node:test";
import { type Members, membersOf } from "./extra-members.ts";
import { settingsOf } from "./extra-settings.ts";

const MEMBERS: readonly (readonly [value: string, text: string, values: readonly string[]])[] = [
  ["", "", []],
  [', "k": "v"', ', "k": "v"', []],
  [', "k": "v", "n": 12', ', "k": "v", "n": 12', []],
  [', "ua": "$http_user_agent"', ', "ua": "$metwork_extra_1"', [`"\${http_user_agent}"`]],
  [`, "a": "x\${uri}y \\"$1\\"", "b": "c"`, ', "a": "$metwork_extra_1", "b": "c"', [`"x\${uri}y \\"\${1}\\""`]],
  [', "t": $request_time', ', "t": $metwork_extra_json_1', [`"\${request_time}"`]],
  [', "o": {"a": ["$uri", null]}', ', "o": {"a": ["$metwork_extra_1", null]}', [`"\${uri}"`]],
  [', "it\'s": "a\\\\b"', ', "it\\\'s": "a\\\\\\\\b"', []],
];
for (const [value, text, values] of MEMBERS) {
  test(`members of ${JSON.stringify(value)}`, () => {
    const found = membersOf(value);
    assert.deepEqual(found && { text: found.text, values: found.values }, { text, values } satisfies Partial<Members>);
  });
}

for (const value of [
  '"k": "v"',
  ', "k": $a$b',
  ', "$k": "v"',
  ', "k": "v',
  ', "k": "$"',
  '$extra_log_format, "k": 1',
  ", }",
]) {
  test(`no members: ${JSON.stringify(value)}`, () => assert.equal(membersOf(value), undefined));
}

for (const [fragment, found] of [
  ['set $extra_log_format \', "k": "v"\';', [', "k": "v"']],
  [`if ($x) { set \${extra_log_format} ", \\"k\\": 1" ; }\nset $extra_log_format "";`, [', "k": 1', ""]],
  ["# set $extra_log_format 'a';\nset $other 'set $extra_log_format b;';", []],
  ["set $extra_log_format ,\\ x;", [", x"]],
  ["reset $extra_log_format 'a';", []],
  ["set $extra_log_format 'a", []],
] as const) {
  test(`settings of ${JSON.stringify(fragment)}`, () => {
    const settings = settingsOf(fragment);
    assert.deepEqual(
      settings.map(({ value }) => value),
      found,
    );
    for (const { start, end } of settings) assert.match(fragment.slice(start, end), /^set .*;$/s);
  });
}
