import assert from "node:assert/strict";
import { test } from "node:test";
import { holdsLocations, withoutLocations } from "./nested.ts";

for (const [fragment, kept] of [
  ["proxy_set_header A b;\n", "proxy_set_header A b;\n"],
  ["location /x { return 404; }", ""],
  ['a b;\nlocation ~ "\\.{2}" {\n  if ($x) {\n    return 1;\n  }\n}\nc d;\n', "a b;\n\n\n\n\n\nc d;\n"],
  ['add_header X "location /a { }";\n', 'add_header X "location /a { }";\n'],
  ["# location /a {\nset $location 1;\n", "# location /a {\nset $location 1;\n"],
  ["location /a { # }\n return 1; }\nx y;", "\n\nx y;"],
  ["location /open {", "location /open {"],
] as const) {
  test(`of ${JSON.stringify(fragment)} ${JSON.stringify(kept)} stays`, () => {
    assert.equal(withoutLocations(fragment), kept);
    assert.equal(holdsLocations(fragment), kept !== fragment);
  });
}
