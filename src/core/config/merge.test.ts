import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MODULE_DIALECT } from "../ini/dialects.ts";
import { parseIni } from "../ini/parse.ts";
import { type ConfigLayer, mergeIni, variantScore } from "./merge.ts";

const ORIGINS = ["package", "user", "site"] as const;

function chain(...texts: readonly string[]): readonly ConfigLayer[] {
  return texts.map((text, index) => ({
    origin: ORIGINS[index] ?? "site",
    ini: parseIni(text, `${ORIGINS[index]}.ini`, MODULE_DIALECT),
  }));
}

const WINNERS: readonly (readonly [name: string, files: readonly string[], configuration: string, winner: string])[] = [
  ["the strongest file", ["x = 1", "x = 2", "x = 3"], "GENERIC", "3 site:2"],
  ["the only file that says something", ["x = 1", "", ""], "GENERIC", "1 package:2"],
  ["an exact variant over a stronger plain key", ["x[DEV] = 1", "", "x = 9"], "DEV", "1 package:2"],
  ["the same variant of a stronger file", ["x[DEV] = 1", "", "x = 8\nx[dev] = 9"], "Dev", "9 site:3"],
  ["the nearest ancestor", ["x = 0\nx[A] = 1\nx[A_B] = 2", "x[A] = 3", ""], "A_B_C", "2 package:4"],
  ["the exact one over ancestors", ["x[A_B] = 2", "x[A] = 3", "x[A_B_C] = 4"], "A_B_C", "4 site:2"],
  ["plain, when no variant fits", ["x = 0\nx[DEV] = 1", "x[DEVEL] = 2", ""], "PROD", "0 package:2"],
  ["plain: a longer name is no ancestor", ["x = 0\nx[DEV_JOHN] = 1", "", ""], "DEV", "0 package:2"],
  ["plain: ancestors end at an underscore", ["x = 0\nx[DE] = 1", "", ""], "DEV", "0 package:2"],
];
for (const [name, files, configuration, expected] of WINNERS) {
  test(`wins: ${name}`, () => {
    const { sections } = mergeIni(chain(...files.map((text) => `[s]\n${text}`)), configuration);
    const winner = sections.get("s")?.keys.get("x");
    assert.equal(`${winner?.value} ${winner?.origin}:${winner?.at.line}`, expected);
  });
}

test("losers are all kept, strongest first", () => {
  const files = chain("[s]\nx = 1\nx[OTHER] = 2\nx[A] = 3", "[s]\nx = 4", "[s]\nx[A_B] = 5\nx[A] = 6");
  const winner = mergeIni(files, "A_B").sections.get("s")?.keys.get("x");
  assert.equal(winner?.value, "5");
  assert.deepEqual(
    winner?.shadows.map((loser) => loser.raw),
    ["6", "3", "4", "1", "2"],
  );
});

test("a key that has only foreign variants does not exist; its section does", () => {
  const { sections } = mergeIni(chain("[s]\nx[DEV] = 1\n[empty]\n[_private]\ny = 1"), "GENERIC");
  assert.deepEqual([...sections.keys()], ["s", "empty"]);
  assert.equal(sections.get("s")?.keys.size, 0);
});

test("a plain key that a weaker file's variant beats is pointed out", () => {
  const { notes } = mergeIni(chain("[s]\nx[DEV] = 1", "", "[s]\n\nx = 9"), "DEV");
  assert.deepEqual(
    notes.map(({ code, severity, at }) => [code, severity, at?.file, at?.line]),
    [["MF2001", "warning", "site.ini", 3]],
  );
});

const name = fc.constantFrom("A", "A_B", "A_B_C", "B", "a_b");
const file = fc.dictionary(fc.option(name, { nil: "" }), fc.nat(99));

test("the winner is the best that applies, whatever the order of lines", () => {
  fc.assert(
    fc.property(fc.array(file, { minLength: 1, maxLength: 3 }), name, (files, configuration) => {
      const texts = files.map((keys) => {
        const lines = Object.entries(keys).map(([variant, value]) =>
          variant === "" ? `x = ${value}` : `x[${variant}] = ${value}`,
        );
        return ["[s]", ...lines].join("\n");
      });
      const layers = chain(...texts);
      const key = mergeIni(layers, configuration).sections.get("s")?.keys.get("x");
      const all = layers.flatMap((layer, rank) => layer.ini.entries.map((entry) => ({ entry, rank })));
      const weight = ({ entry, rank }: (typeof all)[number]): number =>
        Math.min(variantScore(entry.variant, configuration), 1000) * 10 + rank;
      const applying = all.filter(({ entry }) => variantScore(entry.variant, configuration) > 0);
      assert.equal(key === undefined, applying.length === 0);
      if (key === undefined) return;
      const best = Math.max(...applying.map(weight));
      const winner = applying.find(({ entry }) => entry.valueAt === key.at);
      assert.equal(winner && weight(winner), best);
      assert.equal(key.shadows.length, all.length - 1);
    }),
  );
});
