import assert from "node:assert/strict";
import { test } from "node:test";
import { Contract, eventText } from "./contract.ts";
import { parseSchedule } from "./schedule.ts";
import type { Expectation } from "./types.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const NINE = Date.UTC(2026, 10, 25, 9);

function spec(more: Partial<Expectation> = {}): Expectation {
  return {
    plugin: "p",
    name: "obs",
    match: "obs_*.csv",
    directory: "",
    schedule: "0 * * * *",
    count: 1,
    graceS: 300,
    command: [],
    home: "/p",
    ...more,
  };
}

let uids = 0;
function file(name: string, at: number, directory = "incoming") {
  uids += 1;
  return { uid: String(uids), name, directory, at };
}

/** Judges at every minute until then, and says what was told. */
function watch(contract: Contract, from: number, to: number): string[] {
  const told: string[] = [];
  for (let now = from; now <= to; now += MINUTE) {
    for (const { state, at } of contract.tick(now + 5000, true)) {
      told.push(`${state} ${new Date(at).getUTCHours()}h told at ${new Date(now).toISOString().slice(11, 16)}`);
    }
  }
  return told;
}

test("what came in time is not told of, what did not is, once, at the end of the grace", () => {
  const contract = new Contract(spec(), undefined, NINE + MINUTE);
  assert.deepEqual(watch(contract, NINE + MINUTE, NINE + HOUR - MINUTE), []);
  assert.deepEqual(contract.arrived(file("obs_10.csv", NINE + HOUR + MINUTE), NINE + HOUR + MINUTE), []);
  assert.deepEqual(contract.arrived(file("other.csv", NINE + 2 * HOUR), NINE + 2 * HOUR), []);
  assert.deepEqual(watch(contract, NINE + HOUR, NINE + 3 * HOUR), ["missing 11h told at 11:05"]);
});

test("an early file counts for what is next, a late one for what it is late for, until the next is due", () => {
  const contract = new Contract(spec(), undefined, NINE + MINUTE);
  contract.arrived(file("obs_early.csv", NINE + 50 * MINUTE), NINE + 50 * MINUTE);
  assert.deepEqual(watch(contract, NINE + 50 * MINUTE, NINE + 2 * HOUR + 10 * MINUTE), ["missing 11h told at 11:05"]);
  const [late] = contract.arrived(file("obs_late.csv", NINE + 2 * HOUR + 20 * MINUTE), NINE + 2 * HOUR + 20 * MINUTE);
  assert.deepEqual([late?.state, late?.at], ["arrived", NINE + 2 * HOUR]);
  contract.arrived(file("obs_12.csv", NINE + 3 * HOUR + MINUTE), NINE + 3 * HOUR + MINUTE);
  assert.deepEqual(watch(contract, NINE + 3 * HOUR, NINE + 3 * HOUR + 50 * MINUTE), []);
});

test("a time in the name says what a file is for, whenever it comes", () => {
  const contract = new Contract(spec({ match: "obs_%Y%m%d%H.csv" }), undefined, NINE + MINUTE);
  assert.deepEqual(watch(contract, NINE + MINUTE, NINE + 2 * HOUR + 10 * MINUTE), [
    "missing 10h told at 10:05",
    "missing 11h told at 11:05",
  ]);
  const told = contract.arrived(file("obs_2026112510.csv", NINE + 3 * HOUR), NINE + 3 * HOUR);
  assert.match(
    told.map(eventText).join(),
    /what was due at 2026-11-25T10:00:00Z \(obs_2026112510\.csv\) arrived after all/,
  );
});

test("some of many are incomplete; the same file is counted once; another directory's not at all", () => {
  const contract = new Contract(spec({ count: 2, directory: "incoming" }), undefined, NINE + MINUTE);
  const once = file("obs_1.csv", NINE + HOUR);
  for (const one of [once, once, file("obs_2.csv", NINE + HOUR, "elsewhere")]) contract.arrived(one, NINE + HOUR);
  const [event] = contract.tick(NINE + HOUR + 5 * MINUTE + 5000, true);
  assert.deepEqual([event?.state, event?.got, event?.wanted], ["incomplete", 1, 2]);
});

test("after a stop nothing is told before what waited was taken in; what then is missing is told", () => {
  const before = new Contract(spec(), undefined, NINE + MINUTE);
  before.tick(NINE + 2 * MINUTE, true);
  const remembered = JSON.parse(JSON.stringify(before.watched));
  const start = NINE + 3 * HOUR + 30 * MINUTE;
  const contract = new Contract(spec(), remembered, start);
  assert.deepEqual(contract.tick(start + 1000, false), []);
  for (const name of ["obs_a.csv", "obs_b.csv"]) contract.arrived(file(name, start + 2000), start + 2000);
  assert.deepEqual(watch(contract, start, start), ["missing 12h told at 12:30"]);
});

test("what was told is not told again after a restart, and another schedule begins anew", () => {
  const first = new Contract(spec(), undefined, NINE + MINUTE);
  assert.equal(watch(first, NINE + MINUTE, NINE + HOUR + 10 * MINUTE).length, 1);
  const remembered = JSON.parse(JSON.stringify(first.watched));
  assert.deepEqual(
    watch(new Contract(spec(), remembered, NINE + 2 * HOUR - MINUTE), NINE + 2 * HOUR - MINUTE, NINE + 2 * HOUR),
    [],
  );
  const other = new Contract(spec({ schedule: "30 * * * *" }), remembered, NINE + 2 * HOUR);
  assert.deepEqual(watch(other, NINE + 2 * HOUR, NINE + 2 * HOUR + 40 * MINUTE), ["missing 11h told at 11:35"]);
});

test("cron expressions are read in UTC, and what is none is said", () => {
  const schedule = parseSchedule("*/10 6-7 * * MON");
  assert.ok(typeof schedule !== "string");
  assert.equal(new Date(schedule.next(NINE) ?? 0).toISOString(), "2026-11-30T06:00:00.000Z");
  assert.equal(typeof parseSchedule("61 * * * *"), "string");
  assert.equal(typeof parseSchedule("often"), "string");
});
