import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileExpression } from "./evaluate.ts";
import { ExpressionError } from "./syntax.ts";

const TAGS = new Map([
  ["first.core.original_basename", "OBS_2024.csv"],
  ["latest.guess_file_type.main.size", "2048"],
  ["latest.guess_file_type.main.system_magic", "ASCII text"],
  ["a-b.c", "x"],
]);

const holds: readonly (readonly [expression: string, holds: boolean])[] = [
  ["x['first.core.original_basename'] == 'OBS_2024.csv'", true],
  ["x['first.core.original_basename'] != 'OBS_2024.csv'", false],
  ["first.core.original_basename == 'OBS_2024.csv'", true],
  ['first.core.original_basename == "OBS_2024.csv"', true],
  ["first.core.original_basename.startswith('OBS')", true],
  ["first.core.original_basename.lower().startswith(('x', 'obs'))", true],
  ["endswith(first.core.original_basename, '.csv') and not 'X' in first.core.original_basename", true],
  ["x['first.core.original_basename'].startswith(b'OBS')", true],
  ["latest.guess_file_type.main.size > 1000", true],
  ["int(x['latest.guess_file_type.main.size']) < 2048", false],
  ["latest.guess_file_type.main.size == 2048", true],
  ["latest.guess_file_type.main.size >= -1 and latest.guess_file_type.main.size <= 2048.0", true],
  ["len(first.core.original_basename) == 12", true],
  ["x['none'] == 'a'", false],
  ["x['none'] != 'a'", true],
  ["x['none'] is None", true],
  ["x['none'] is not None", false],
  ["has(x['none'])", false],
  ["has(tag('a-b.c'))", true],
  ["int(first.core.original_basename) > 0", false],
  ["x['none'] < 5 or x['none'] >= 5", false],
  ["'OBS' in first.core.original_basename", true],
  ["latest.guess_file_type.main.system_magic in ['ASCII text', 'data']", true],
  ["latest.guess_file_type.main.system_magic not in ('PNG', 'data')", true],
  ["first.core.original_basename.match('OBS_[0-9]{4}')", true],
  ["match(first.core.original_basename, r'.*\\.csv$')", true],
  ["fnmatch(first.core.original_basename, '*.[ct]sv')", true],
  ["True and not False or False", true],
  ["not (True or False)", false],
  ["not not True", true],
  ["a-b.c == 'x'", true],
  ["'a\\'b' == \"a'b\"", true],
];
for (const [expression, expected] of holds) {
  test(`expression ${expression} is ${expected}`, () => assert.equal(compileExpression(expression)(TAGS), expected));
}

const mistakes: readonly (readonly [expression: string, message: RegExp, at: number])[] = [
  ["", /missing/, 0],
  ["x['a'] = 'b'", /`==`/, 7],
  ["x['a'", /`\]` is missing/, 5],
  ["x[a] == 'b'", /quotes/, 2],
  ["a == 'b'", /nothing called `a`/, 0],
  ["x['a'] == 'b", /quote/, 10],
  ["exec('rm')", /no function `exec`/, 0],
  ["x['a'].__class__()", /no function `__class__`/, 7],
  ["len(x['a'], 1)", /takes 1/, 0],
  ["match(x['a'], x['b'])", /in quotes/, 0],
  ["match(x['a'], '(')", /no regular expression/, 0],
  ["x['a'] == 'b' x", /not expected/, 14],
  ["(".repeat(60), /deeply/, 50],
  ["x['a'] ; 1", /`;`/, 7],
];
for (const [expression, message, at] of mistakes) {
  test(`expression ${expression.slice(0, 30)} is refused at ${at}`, () => {
    assert.throws(
      () => compileExpression(expression),
      (error) => error instanceof ExpressionError && message.test(error.message) && error.at === at,
    );
  });
}

test("any text is an expression or is refused as one; nothing else comes of it", () => {
  const words = fc.constantFrom(
    "x['a']",
    "and",
    "or",
    "not",
    "in",
    "(",
    ")",
    "[",
    "]",
    "'q'",
    "1",
    "==",
    "<",
    ".",
    "len",
    ",",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
      try {
        assert.equal(typeof compileExpression(parts.join(" "))(TAGS), "boolean");
      } catch (error) {
        assert.ok(error instanceof ExpressionError, String(error));
      }
    }),
  );
});

test("a regular expression that backtracks for ever elsewhere ends at once here", () => {
  const began = process.cpuUsage();
  const tags = new Map([["a", `${"a".repeat(5000)}b`]]);
  for (const pattern of ["(a+)+$", "(a|aa)*$", "((a*)*)*c", "(?:a*a*a*a*a*)c", "([ab]|a)+c"]) {
    assert.equal(compileExpression(`match(x['a'], '${pattern}')`)(tags), false);
  }
  assert.ok(process.cpuUsage(began).user < 2_000_000);
});
