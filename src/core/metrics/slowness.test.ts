import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoggedRequest } from "./requests.ts";
import { judge, NO_PAUSE, pauseAfter, type Quickness, UNKNOWN, withPart } from "./slowness.ts";

type Durations = Readonly<Record<number, readonly number[]>>;

/** Requests of one part of the window: by worker, how long each took. */
function part(durations: Durations): readonly LoggedRequest[] {
  return Object.entries(durations).flatMap(([worker, times]) =>
    times.map((durationMs) => ({
      plugin: "p",
      app: "main",
      type: "dynamic" as const,
      status: 200,
      durationMs,
      worker: Number(worker),
    })),
  );
}

const even = (ms: number, count = 40): readonly number[] => Array(count).fill(ms);
const after = (parts: readonly Durations[], before: Quickness = UNKNOWN): Quickness =>
  parts.reduce((known, one) => withPart(known, part(one)), before);
const slowIn = (parts: readonly Durations[]): readonly number[] =>
  judge(after(parts)).slow.map(({ own }) => own.worker);
const times = <T>(count: number, what: T): readonly T[] => Array(count).fill(what);

test("a worker is slow that is so in every part of the window", () => {
  const slow = { 1: even(5), 2: even(100), 3: even(6) };
  assert.deepEqual(slowIn(times(3, slow)), [2]);
  assert.deepEqual(slowIn(times(2, slow)), [], "too early");
  assert.deepEqual(slowIn([slow, { 1: even(5), 2: even(5), 3: even(5) }, slow]), [], "for a while");
  assert.deepEqual(slowIn([slow, { 1: even(5), 2: even(100, 9), 3: even(5) }, slow]), [], "hardly asked");
  assert.deepEqual(slowIn(times(3, { 1: even(5), 2: even(20) })), [], "milliseconds");
  assert.deepEqual(slowIn(times(3, { 1: even(5), 2: even(5), 3: even(90), 4: even(5), 5: even(100) })), [5, 3]);
  assert.deepEqual(slowIn(times(3, { 1: even(500) })), [], "alone");
});

test("chance is no slowness: where half of the requests are quick, a worker with more of the others stays", () => {
  const mixed = (slow: number): readonly number[] => [...even(1, 40 - slow), ...even(500, slow)];
  assert.deepEqual(slowIn(times(3, { 1: mixed(18), 2: mixed(22) })), []);
  assert.deepEqual(slowIn(times(3, { 1: mixed(18), 2: even(500) })), [2]);
});

test("an app of which all got slower is told of, and none of it is replaced; in time it is usual", () => {
  const [quick, slow] = [
    { 1: even(10), 2: even(12) },
    { 1: even(200), 2: even(900) },
  ];
  const known = after(times(9, quick));
  assert.deepEqual(judge(after(times(3, slow), known)), { slow: [], allSlow: { usualMs: 10, nowMs: 200 } });
  assert.equal(judge(after(times(2, slow), known)).allSlow, undefined);
  assert.equal(judge(after(times(3, quick), after(times(3, slow), known))).allSlow, undefined);
  assert.equal(judge(after(times(3, slow), after(times(5, quick)))).allSlow, undefined, "what is usual is not known");
  const later = judge(after(times(70, slow), known));
  assert.equal(later.allSlow, undefined);
  assert.deepEqual(
    later.slow.map(({ own }) => own.worker),
    [2],
  );
});

test("the slower a worker is the fewer requests it gets: few of its own are enough", () => {
  assert.deepEqual(slowIn(times(3, { 1: even(5), 2: even(1_000, 10) })), [2]);
  assert.deepEqual(slowIn(times(3, { 1: even(5, 19), 2: even(1_000, 10) })), [], "of the others more is needed");
});

test("replacements become rarer, until nobody was slow for a while", () => {
  const first = pauseAfter(NO_PAUSE, 1_000, 60);
  assert.deepEqual(first, { until: 1_060, lengthMs: 60 });
  const second = pauseAfter(first, 1_100, 60);
  assert.deepEqual(second, { until: 1_220, lengthMs: 120 });
  assert.deepEqual(pauseAfter(second, 1_221, 60), { until: 1_461, lengthMs: 240 });
  assert.deepEqual(pauseAfter(second, 1_341, 60), { until: 1_401, lengthMs: 60 });
  let last = first;
  for (let more = 0; more < 40; more++) last = pauseAfter(last, last.until, 60);
  assert.equal(last.lengthMs, 24 * 3_600_000);
});

test("an app that nobody asks is judged by nothing", () => {
  assert.deepEqual(judge(after(times(80, {}))), { slow: [] });
});
