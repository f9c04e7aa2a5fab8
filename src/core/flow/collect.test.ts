import assert from "node:assert/strict";
import { test } from "node:test";
import { type Area, type Candidate, isGarbage, type Lifetimes } from "./collect.ts";
import { look, type SeenTime, seenFor } from "./seen-time.ts";

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;
const KEEP = 30 * DAY;

test("what comes while somebody looks ages as the clock goes", () => {
  const first = look(undefined, NOW, 0, KEEP);
  const later = look(first, NOW + 60_000, 60_000, KEEP);
  assert.equal(seenFor(later, NOW + 10_000), 50_000);
});

test("whoever looks for the first time has seen nothing before", () => {
  assert.equal(seenFor(look(undefined, NOW, 0, KEEP), NOW - 40 * DAY), 0);
});

test("a clock that jumps ahead makes nothing old, also what came before the jump and after it", () => {
  let seen: SeenTime = look(undefined, NOW, 0, KEEP);
  seen = look(seen, NOW + 60_000, 60_000, KEEP);
  seen = look(seen, NOW + 10 * DAY, 60_000, KEEP);
  assert.equal(seenFor(seen, NOW), 120_000);
  assert.equal(seenFor(look(seen, NOW + 10 * DAY + 60_000, 60_000, KEEP), NOW + 10 * DAY + 1000), 59_000);
});

test("a clock set back gives a negative age and forgets the gap that is not there any more", () => {
  let seen = look(undefined, NOW, 0, KEEP);
  seen = look(seen, NOW + 10 * DAY, 60_000, KEEP);
  const back = look(seen, NOW + 120_000, 60_000, KEEP);
  assert.ok(seenFor(back, NOW + 10 * DAY) < 0);
  assert.deepEqual(
    back.gaps.filter(({ toMs }) => toMs > NOW + 120_000),
    [],
  );
});

test("a clock set back into the time it had jumped over makes nothing old", () => {
  let seen = look(undefined, NOW, 0, KEEP);
  seen = look(seen, NOW + 10 * DAY, 60_000, KEEP);
  seen = look(seen, NOW + 4 * DAY, 60_000, KEEP);
  assert.equal(seenFor(seen, NOW), 60_000);
});

test("a gap that is longer than what is kept does not make the one before it forgotten", () => {
  let seen = look(undefined, NOW, 0, DAY);
  seen = look(seen, NOW + 2 * DAY, 60_000, DAY);
  seen = look(seen, NOW + 4 * DAY, 60_000, DAY);
  assert.equal(seenFor(seen, NOW), 120_000);
  for (let hour = 1; hour <= 24; hour++) seen = look(seen, NOW + 4 * DAY + hour * 3_600_000, 3_600_000, DAY);
  assert.deepEqual(seen.gaps, []);
});

test("time the daemon was down does not count", () => {
  const stopped = look(undefined, NOW, 0, KEEP);
  assert.equal(seenFor(look(stopped, NOW + 2 * DAY, 0, KEEP), NOW - 1000), 0);
});

const LIFETIMES: Lifetimes = { trashS: 100, tmpS: 100, unfinishedS: 100, emptyS: 0, everyS: 1 };
const OLD: Candidate = { name: "x", ageS: 101, unwrittenS: 101, claimed: false, ignored: false };
const nobody = { hasOwner: () => false };
const CASES: readonly (readonly [
  string,
  Area,
  Partial<Candidate>,
  boolean,
  { sinceOldestClaimS?: number; hasOwner?: () => boolean }?,
])[] = [
  ["what lies in trash long enough", "trash", {}, true],
  ["what was trashed just now, whatever its own date", "trash", { ageS: 5, unwrittenS: 90_000 }, false],
  ["a claimed file, however old", "claims", { claimed: true }, false],
  ["a claimed file of a step that is no more", "scratch", { claimed: true }, false],
  ["scratch without a job", "claims", {}, true],
  ["scratch that may be a job's", "claims", {}, false, { sinceOldestClaimS: 5000 }],
  ["scratch of before the oldest job", "claims", {}, true, { sinceOldestClaimS: 50 }],
  ["scratch that was written a moment ago", "claims", { unwrittenS: 1 }, false],
  ["an upload that was cut", "scratch", {}, true],
  ["the description of an upload", "scratch", { name: "x.json" }, false, { hasOwner: () => true }],
  ["the description of no upload", "scratch", { name: "x.json" }, true],
  ["a file that waits, however old", "watched", { ageS: 1e9, unwrittenS: 1e9 }, false],
  ["a delivered file that waits", "watched", { claimed: true }, false],
  ["what a sender did not finish", "watched", { ignored: true }, true],
  ["what a sender is still writing", "watched", { ignored: true, unwrittenS: 3 }, false],
  [
    "the tags of a file that waits",
    "watched",
    { name: ".metwork.tags.x", ignored: true },
    false,
    { hasOwner: () => true },
  ],
  ["tags without a file", "watched", { name: ".metwork.tags.x", ignored: true }, true],
  ["tags that may be a file's", "watched", { name: `.metwork.tags.${"a".repeat(64)}`, ignored: true }, false],
];
for (const [what, area, facts, wanted, more] of CASES) {
  test(`${what}: ${wanted ? "deleted" : "kept"}`, () => {
    assert.equal(isGarbage(area, { ...OLD, ...facts }, LIFETIMES, { ...nobody, ...more }), wanted);
  });
}

test("a lifetime of 0 is for ever", () => {
  assert.equal(isGarbage("trash", { ...OLD, ageS: 1e9 }, { ...LIFETIMES, trashS: 0 }, nobody), false);
});
