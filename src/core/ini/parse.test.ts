import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MODULE_DIALECT, PLUGIN_DIALECT } from "./dialects.ts";
import { parseIni } from "./parse.ts";
import type { Dialect, IniFile } from "./types.ts";

/** `section.key[VARIANT]=value` of every entry. */
function flat(ini: IniFile): readonly string[] {
  return ini.entries.map(
    ({ section, key, variant, value }) =>
      `${section}.${key}${variant === undefined ? "" : `[${variant}]`}=${JSON.stringify(value).slice(1, -1)}`,
  );
}

const GOOD: readonly (readonly [name: string, text: string, module: readonly string[], plugin?: readonly string[]])[] =
  [
    ["plain", "[a]\nx = 1\ny=2\n", ["a.x=1", "a.y=2"]],
    ["white space", "  [a]  \n\tx\t=\t 1 2 \t\n", ["a.x=1 2"]],
    ["line ends", "[a]\r\nx = 1\r\ny = 2\rz = 3", ["a.x=1", "a.y=2", "a.z=3"]],
    ["byte-order mark", "\ufeff[a]\nx = 1", ["a.x=1"]],
    ["no value", "[a]\nx =\ny = 1", ["a.x=", "a.y=1"]],
    ["no inline comments", "[a]\nx = a ; b # c", ["a.x=a ; b # c"]],
    ["full-line comments", "# c\n[a]\n  # c = 1\nx = 1", ["a.x=1"]],
    ["the first delimiter counts", "[a]\nx = b=c", ["a.x=b=c"]],
    ["colon", "[a]\nx : y=1", ["a.x=y=1"], ["a.x : y=1"]],
    ["key case", "[A]\nFoo = Bar", ["A.foo=Bar"], ["A.Foo=Bar"]],
    ["variant", "[a]\nx[DEV_John] = 1\nx = 2", ["a.x[DEV_John]=1", "a.x=2"]],
    ["variant with spaces", "[a]\nx [ DEV ] = 1", ["a.x[DEV]=1"]],
    ["continuation", "[a]\nx = 1\n  2\n\n   3\n\ny = 4", ["a.x=1\\n2\\n\\n3", "a.y=4"]],
    ["continuation from the next line on", "[a]\nx =\n  1\n  2", ["a.x=\\n1\\n2"]],
    ["a comment inside a continuation", "[a]\nx = 1\n# c\n  2", ["a.x=1\\n2"]],
    ["a header ends a continuation", "[a]\nx = 1\n[b]\n  y = 2\n  z = 3", ["a.x=1", "b.y=2", "b.z=3"]],
    ["an indented header continues a value", "[a]\nx = 1\n  [b]", ["a.x=1\\n[b]"]],
    ["comment after a header", "[a] # b\nx = 1\n[c] ; [d]\ny = 2", ["a.x=1", "c.y=2"]],
    [
      "dots, colons and at in a header",
      "[switch_rules@s:fnmatch:first.core.x]\nb = c",
      ["switch_rules@s:fnmatch:first.core.x.b=c"],
    ],
  ];
for (const [name, text, module, plugin] of GOOD) {
  test(`reads ${name}`, () => {
    for (const [dialect, expected] of [
      [MODULE_DIALECT, module],
      [PLUGIN_DIALECT, plugin ?? module],
    ] as const) {
      const ini = parseIni(text, "f.ini", dialect);
      assert.deepEqual(ini.notes, []);
      assert.deepEqual(flat(ini), expected);
    }
  });
}

test("a pattern of a switch rule keeps its brackets, colons, case and semicolons", () => {
  const rules = ["*.[ch]", "^A{2}[0-9]", "[a-z]*.PNG", "{x: 1}", ";odd", "a[B]"];
  const text = `[switch_rules:fnmatch:latest.x]\n${rules.map((rule) => `${rule} = main, other/[x]`).join("\n")}`;
  const ini = parseIni(text.replaceAll("other/[x]", "other/x*"), "f.ini", PLUGIN_DIALECT);
  assert.deepEqual(ini.notes, []);
  assert.deepEqual(
    ini.entries.map((entry) => entry.key),
    rules,
  );
  assert.ok(ini.entries.every((entry) => entry.variant === undefined && entry.value === "main, other/x*"));
});

test("an expression of a switch rule keeps its comparisons; the last lone = ends it", () => {
  const rules = ["x['a'] == 'b'", "x['a'] != 'b' and x['c'] >= 3", "has(x['d'])", "x['e'] in ['=', '<=']"];
  const text = `[switch_rules@s:expression]\n${rules.map((rule) => `${rule} = main, other/x*`).join("\n")}`;
  const ini = parseIni(text, "f.ini", PLUGIN_DIALECT);
  assert.deepEqual(ini.notes, []);
  assert.deepEqual(
    ini.entries.map((entry) => [entry.key, entry.value]),
    rules.map((rule) => [rule, "main, other/x*"]),
  );
});

const BAD: readonly (readonly [name: string, text: string, found: readonly string[], dialect?: Dialect])[] = [
  ["a word alone", "[a]\nx = 1\nword\ny = 2", ["MF1001 3:1+4"]],
  ["a semicolon comment in a plugin", "[a]\n; old\n", ["MF1001 2:1+5"], PLUGIN_DIALECT],
  ["a colon in a plugin", "[a]\nx: 1", ["MF1001 2:1+4"], PLUGIN_DIALECT],
  ["keys before any section, said once", "x = 1\ny = 2\n[a]\nz = 3", ["MF1002 1:1+5"]],
  ["a key twice", "[a]\nx = 1\n\nX = 2", ["MF1003 4:1+1"]],
  ["a variant twice", "[a]\nx[DEV] = 1\nx[dev] = 2", ["MF1003 3:1+1"], PLUGIN_DIALECT],
  ["a section twice, and its key twice", "[a]\nx = 1\n[b]\n[a]\nx = 2", ["MF1004 4:2+1", "MF1003 5:1+1"]],
  ["an open header, its keys said nothing about", "[a\nx = 1\n[b]\ny = 2", ["MF1005 1:1+2"]],
  ["text after a header", "[a] b\n", ["MF1005 1:1+5"]],
  ["a header without name", "[ ]\nx = 1", ["MF1005 1:1+3"]],
  ["an open variant", "[a]\nx[DEV = 1", ["MF1006 2:1+5"]],
  ["a variant without name", "[a]\nx[] = 1", ["MF1006 2:1+3"]],
  ["a closing bracket alone", "[a]\n  x] = 1", ["MF1006 2:3+2"]],
  ["a NUL byte", "[a]\nx = 1\ny = 1\u00002\nz = 3", ["MF1007 3:6+1"]],
  ["an escape character", "[a\u001b]\n[b]\ny = 1", ["MF1007 1:3+1"]],
  ["a value without key", "[a]\n= 1", ["MF1008 2:1+3"]],
  ["the continuation of a bad line, said nothing about", "[a]\nx = 1\nx = 2\n  3\n  4", ["MF1003 3:1+1"]],
];
for (const [name, text, found, dialect = MODULE_DIALECT] of BAD) {
  test(`complains about ${name}`, () => {
    const { notes } = parseIni(text, "f.ini", dialect);
    assert.deepEqual(
      notes.map(({ code, at }) => `${code} ${at?.line}:${at?.col}+${at?.length}`),
      found,
    );
    assert.ok(notes.every((note) => note.at?.file === "f.ini" && note.severity === "error" && note.fix));
  });
}

test("the first of two is shown beside the second", () => {
  const { notes } = parseIni("[a]\nx = 1\nx = 2", "f.ini", MODULE_DIALECT);
  assert.deepEqual(notes[0]?.related?.[0]?.at, { file: "f.ini", line: 2, col: 1, length: 1 });
});

test("what is right around a mistake is still read", () => {
  const ini = parseIni("[a]\nx = 1\nword\ny = 2\n[b\nz = 3\n[c]\nv = 4", "f.ini", MODULE_DIALECT);
  assert.deepEqual(flat(ini), ["a.x=1", "a.y=2", "c.v=4"]);
});

const line = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.stringMatching(/^ {0,2}\[[a-z:_]{0,5}\]? {0,2}[#;]?$/),
  fc.stringMatching(/^ {0,3}[a-zA-Z[\]]{0,4} ?[=:]? ?[a-z=;#[\]]{0,5} ?$/),
);
const text = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r"))))
  .map(([mark, lines]) => (mark ? "\ufeff" : "") + lines.map((parts) => parts.join("")).join(""));

test("any text is read without throwing, and every span points at the text it claims", () => {
  fc.assert(
    fc.property(text, fc.constantFrom(MODULE_DIALECT, PLUGIN_DIALECT), (input, dialect) => {
      const ini = parseIni(input, "f.ini", dialect);
      const lines = input.replace(/^\ufeff/, "").split(/\r\n|[\n\r]/);
      const pointed = (at: { line: number; col: number; length: number }): string => {
        const found = (lines[at.line - 1] ?? "").slice(at.col - 1, at.col - 1 + at.length);
        assert.equal(found.length, at.length);
        return found;
      };
      for (const entry of ini.entries) {
        const key = pointed(entry.keyAt);
        assert.equal(dialect.lowerCaseKeys ? key.toLowerCase() : key, entry.key);
        assert.equal(pointed(entry.valueAt), entry.value.replace(/^\n+/, "").split("\n")[0]);
        assert.ok(ini.sections.has(entry.section));
      }
      for (const [name, at] of ini.sections) assert.equal(pointed(at), name);
      for (const note of ini.notes) if (note.at !== undefined) pointed(note.at);
    }),
    { numRuns: 2000 },
  );
});
