import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expand, modernise } from "./jinja.ts";

const VARIABLES = { HOST: "alpha", PORT: "80", EMPTY: "", LIST: "a,b", TRICK: "{{ HOST }}" };

const GOOD: readonly (readonly [template: string, text: string])[] = [
  ["no markup { } %", "no markup { } %"],
  ["{{HOST}}:{{ PORT }}", "alpha:80"],
  ["[{{ EMPTY }}]", "[]"],
  ["{{ TRICK }}", "{{ HOST }}"],
  ["{{ true }}", "true"],
  ["{# comment #}x", "x"],
  ["{% if PORT == '80' %}http{% else %}https{% endif %}", "http"],
  ["{% if PORT | int > 79 %}up{% endif %}", "up"],
  ["{% for x in LIST.split(',') %}<{{ x }}>{% endfor %}", "<a><b>"],
  ["{% set x = HOST | upper %}{{ x }}", "ALPHA"],
  ["{{ NONE | default('d') }}", "d"],
  ["{% if NONE is defined %}{{ NONE }}{% else %}no{% endif %}", "no"],
  ["{% raw %}{{ HOST }} {% if %}{% endraw %}", "{{ HOST }} {% if %}"],
  ["{%- raw -%} {{ x }} {%- endraw -%}", "{{ x }}"],
  ["{% if HOST %}{% raw %}{{{% endraw %}{% endif %}{{ PORT }}", "{{80"],
  ["a\n{% if HOST %}\nb\n{% endif %}\n", "a\n\nb\n"],
  ["{{ HOST }}\n\n", "alpha\n"],
  ["{{ 'HOST' | getenv }} {{ 'NONE' | getenv('d') }}", "alpha d"],
  ["{% if HOST | fnmatch('al*') and not (HOST | fnmatch('b*')) %}yes{% endif %}", "yes"],
  ['{% for x in \'[{"a": 1}, {"a": 2}]\' | from_json %}{{ x.a }}{% endfor %}', "12"],
  ["{% for name, value in environment('PO') %}{{ name }}={{ value }};{% endfor %}", "RT=80;"],
  ["{{ environment() | length }}", "5"],
  ["{{ (LIST | upper).split(',') | join('-') }}", "A-B"],
];
for (const [template, text] of GOOD) {
  test(`renders ${JSON.stringify(template)}`, () => {
    assert.deepEqual(expand(template, VARIABLES, "error"), { ok: true, text });
    assert.deepEqual(expand(template, VARIABLES, "empty"), { ok: true, text });
  });
}

const UNDEFINED: readonly (readonly [template: string, lenient: string, names: string])[] = [
  ["<{{ NOPE }}>", "<>", "`NOPE` is"],
  ["<{{ NOPE }}{{ NEITHER }}>", "<>", "`NOPE`, `NEITHER` are"],
  ["{% if NOPE %}x{% endif %}y", "y", "`NOPE` is"],
  ["{{ constructor }}{{ __proto__ }}", "", "`constructor`, `__proto__` are"],
];
for (const [template, lenient, names] of UNDEFINED) {
  test(`an undefined name in ${template} is empty or a mistake, as asked`, () => {
    assert.deepEqual(expand(template, VARIABLES, "empty"), { ok: true, text: lenient });
    assert.deepEqual(expand(template, VARIABLES, "error"), { ok: false, message: `${names} not defined` });
  });
}

for (const template of [
  "{% if HOST %}open",
  "{{ HOST",
  "{{ HOST | nofilter }}",
  "{{ 'NONE' | getenv }}",
  "{{ 'no json' | from_json }}",
  "{{ 'id' | shell }}",
  "{{ 'x' | uuid }}",
  "{% bogus %}",
  "{{ 1 + }}",
  "{% raw %}open",
]) {
  test(`a broken template says so: ${template}`, () => {
    const result = expand(template, VARIABLES, "empty");
    assert.equal(result.ok, false);
    assert.notEqual(result.ok ? "" : result.message, "");
  });
}

test("the clock cannot be reached", () => {
  assert.equal(expand("{{ strftime_now('%Y') }}", {}, "empty").ok, false);
});

test("every legacy placeholder of a value is replaced", () => {
  assert.equal(modernise("@@@A@@@/x@@@B_1@@@@@"), "{{ A }}/x{{ B_1 }}@@");
});

test("never throws", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("{{", "}}", "{%", "%}", "{#", " HOST ", "raw", "endraw", "if ", "|", "-"),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom("empty" as const, "error" as const), (pieces, undefinedIs) => {
      const result = expand(pieces.join(""), VARIABLES, undefinedIs);
      assert.equal(typeof (result.ok ? result.text : result.message), "string");
    }),
    { numRuns: 1000 },
  );
});
