import assert from "node:assert/strict";
import { test } from "node:test";
import { PLUGIN_DIALECT } from "./dialects.ts";
import { foldInto } from "./fold.ts";
import { parseIni } from "./parse.ts";

const BELOW = `# the plugin's own
[general]
_version = 1

[step_main]
# how many
numprocesses = 1
debug = 0
arguments = one
    two

    three
retry_total[PROD] = 5
`;

function fold(above: string): string {
  return foldInto(
    BELOW,
    parseIni(BELOW, "below.ini", PLUGIN_DIALECT),
    parseIni(above, "above.ini", PLUGIN_DIALECT).entries,
  );
}

test("nothing above changes nothing", () => assert.equal(fold(""), BELOW));

test("values are replaced where they stand, also longer and shorter ones, and variants are keys of their own", () => {
  const above = "[step_main]\nnumprocesses = 4\narguments = 1\nretry_total[prod] = 7\nretry_total = 2\n";
  assert.equal(
    fold(above),
    BELOW.replace("numprocesses = 1", "numprocesses = 4")
      .replace(/arguments = one\n[\s\S]*three\n/, "arguments = 1\n")
      .replace("[PROD] = 5", "[prod] = 7")
      .replace("[step_main]\n", "[step_main]\nretry_total = 2\n"),
  );
});

test("new sections come last, and what was folded reads as what was above", () => {
  const folded = fold("[custom]\nlevel = a\n  b\n[step_main]\ndebug = 1\n");
  const read = parseIni(folded, "folded.ini", PLUGIN_DIALECT);
  assert.deepEqual(read.notes, []);
  const value = (key: string): string | undefined => read.entries.find((entry) => entry.key === key)?.value;
  assert.deepEqual([value("level"), value("debug"), value("_version")], ["a\nb", "1", "1"]);
});
