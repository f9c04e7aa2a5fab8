import assert from "node:assert/strict";
import { test } from "node:test";
import type { PassageRow } from "./batch.ts";
import { expectedNames, parseMoment, patternAt } from "./moment.ts";
import { type StoredPassage, tellStories, type Visit } from "./story.ts";
import { joinTags, TagSets } from "./tag-sets.ts";

const NOW = Date.UTC(2026, 10, 25, 16, 0);

for (const [text, expected] of [
  ["now", NOW],
  ["24h", NOW - 86_400_000],
  ["30min", NOW - 1_800_000],
  ["1.5d", NOW - 129_600_000],
  ["2026-11-25", Date.UTC(2026, 10, 25)],
  ["2026-11-25T10:00", Date.UTC(2026, 10, 25, 10)],
  ["2026-11-25 10:00:30", Date.UTC(2026, 10, 25, 10, 0, 30)],
  ["2026-11-25T10:00+02:00", Date.UTC(2026, 10, 25, 8)],
  ["2026-11-25T10:00Z", Date.UTC(2026, 10, 25, 10)],
  ["yesterday", undefined],
  ["5 parsecs", undefined],
  ["2026-13-45", undefined],
] as const) {
  test(`the moment ${text}`, () => assert.equal(parseMoment(text, NOW), expected));
}

test("a pattern stands for a name a day, hour or minute, by its finest field", () => {
  assert.equal(patternAt("a_%Y%m%d%H%M_%j_%y_%%.x", NOW), "a_202611251600_329_26_%.x");
  assert.deepEqual(expectedNames("o_%d%H", NOW - 7_200_000, NOW), ["o_2514", "o_2515"]);
  assert.deepEqual(expectedNames("o_%d", NOW - 3 * 86_400_000, NOW), ["o_23", "o_24", "o_25"]);
  assert.equal(expectedNames("o_%H%M", NOW - 3_600_000, NOW).length, 60);
});

test("tags of many files are split into what they share and what is their own, and put together again", () => {
  const sets = new TagSets();
  const kept: { id: number; own: readonly string[] }[] = [];
  const tags = (index: number) =>
    new Map([
      ["first.core.original_uid", `uid${index}`],
      ["first.core.original_basename", `name${index}`],
      ["0.guess.main.enter_step", "now"],
      ["0.guess.main.magic", `type ${index % 3}`],
      ["latest.guess.main.magic", `type ${index % 3}`],
      ["0.mqtt.main.topic", `topic ${index % 2}`],
      ["latest.guess.main.header", `header ${index}`],
    ]);
  for (let index = 0; index < 1000; index++) kept.push(sets.split(tags(index)));
  const { sets: defined, forget } = sets.take();
  assert.equal(forget, false);
  assert.ok(defined.length < 220, `${defined.length} sets`);
  const byId = new Map(defined);
  for (const index of [0, 1, 500, 999]) {
    const { id, own } = kept[index] ?? { id: 0, own: [] };
    const set = byId.get(id);
    assert.ok(set !== undefined);
    assert.deepEqual([...joinTags(set, own, `name${index}`)].sort(), [
      ["0.mqtt.main.topic", `topic ${index % 2}`],
      ["first.core.original_basename", `name${index}`],
      ["latest.guess.main.header", `header ${index}`],
      ["latest.guess.main.magic", `type ${index % 3}`],
    ]);
  }
  sets.forget();
  assert.notEqual(sets.split(tags(1)).id, kept[1]?.id);
  assert.equal(sets.take().forget, true);
});

const STEPS = new Map(
  ["guess", "switch", "a", "b", "fork"].map((plugin, index) => [index, { plugin, step: "main", version: "1" }]),
);

function passage(row: Partial<StoredPassage> & { readonly visits: PassageRow[6] }): StoredPassage {
  return {
    at: 0,
    uid: "u",
    name: "n",
    directory: "d",
    counter: 0,
    size: 1,
    path: undefined,
    sha256: undefined,
    steps: STEPS,
    ...row,
  };
}

function shape(visits: readonly Visit[]): unknown[] {
  return visits.map(({ plugin, uid, waiting, children }) => [
    `${plugin} ${uid}`,
    ...waiting.map(({ to }) => to),
    ...shape(children),
  ]);
}

test("copies, new files and what waits become the branches of one story", () => {
  const stories = tellStories(
    [
      passage({ at: 30, counter: 3, uid: "v", visits: [[1, 0, 1, "p", "", [[2, 0, 1]]]] }),
      passage({
        at: 0,
        visits: [
          [0, 0, 1, "p", "", [[1, 0, 1]]],
          [
            1,
            1,
            1,
            "p",
            "",
            [
              [2, 0, 1],
              [3, 0, 1],
              [4, 0, 1],
            ],
          ],
        ],
      }),
      passage({ at: 10, counter: 2, visits: [[2, 0, 1, "s", "", []]], path: "/x" }),
      passage({ at: 11, counter: 2, visits: [[4, 0, 1, "p", "", [[1, "v", 1]]]] }),
    ],
    [],
  );
  assert.equal(stories.length, 1);
  assert.deepEqual(shape(stories[0]?.visits ?? []), [
    ["guess u", ["switch u", "b/main", ["a u"], ["fork u", ["switch v", "a/main"]]]],
  ]);
});

test("a file that failed is followed through its retries and what a person did", () => {
  const [story, ...more] = tellStories(
    [
      passage({ at: 0, visits: [[0, 0, 1, "p", "", [[2, 0, 1]]]] }),
      passage({ at: 1, counter: 1, visits: [[2, 0, 1, "t", "no", []]] }),
      passage({ at: 2, counter: 2, visits: [[2, 0, 1, "b", "no", []]], path: "/trash/n" }),
      passage({ at: 3, counter: 3, visits: [[2, 0, 1, "s", "", []]], path: "/x" }),
      passage({ at: 9, uid: "other", visits: [[0, 0, 1, "r", "", []]] }),
    ],
    [],
  );
  assert.equal(more.length, 1);
  assert.deepEqual(shape(story?.visits ?? []), [["guess u", ["a u", ["a u", ["a u"]]]]]);
});
