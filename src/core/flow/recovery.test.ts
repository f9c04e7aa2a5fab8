import assert from "node:assert/strict";
import { test } from "node:test";
import { moveRecord, recover, splitName } from "./recovery.ts";

const UNIQUE = "mw0123456789-a";
const OWN = "own.main";
const to = { plugin: "p-1", step: "s_2" };
const carried = `${UNIQUE}~0123456789abcdef0123456789abcdef~incoming~x.part.archive.main`;
const part = splitName(UNIQUE, "part", 1, to);
const last = splitName(UNIQUE, "last", 0, to);
const record = (path: string): string => moveRecord(`/in/tmp/own.main/${carried}`, path);

interface Case {
  readonly title: string;
  /** Names in the claim directory, with the move record on each. */
  readonly claims: Readonly<Record<string, string | undefined>>;
  readonly expected: readonly unknown[];
}

const cases: readonly Case[] = [
  {
    title: "a claim goes back",
    claims: { [UNIQUE]: undefined, [carried]: undefined },
    expected: [
      { do: "requeue", name: UNIQUE },
      { do: "requeue", name: carried },
    ],
  },
  {
    title: "copies of an original that is still there are thrown away, before it goes back",
    claims: { [carried]: undefined, [part]: undefined },
    expected: [
      { do: "discard", name: part },
      { do: "requeue", name: carried },
    ],
  },
  {
    title: "decided deliveries are made",
    claims: { [part]: undefined, [last]: undefined },
    expected: [
      { do: "move", name: part, to: `step.p-1.s_2/${UNIQUE}.part1` },
      { do: "move", name: last, to: `step.p-1.s_2/${UNIQUE}.last0` },
    ],
  },
  {
    title: "a delivery about to be decided is decided",
    claims: { [carried]: record(`/in/tmp/own.main/${last}`), [part]: undefined },
    expected: [
      { do: "move", name: carried, to: `step.p-1.s_2/${UNIQUE}.last0` },
      { do: "move", name: part, to: `step.p-1.s_2/${UNIQUE}.part1` },
    ],
  },
  {
    title: "a rename to a step, or to where it waits for its next try, is done",
    claims: {
      [carried]: record("/in/step.archive.main/mw1-2"),
      [UNIQUE]: record("/in/step.own.main_reinject/due12.mw1-3"),
    },
    expected: [
      { do: "move", name: carried, to: "step.archive.main/mw1-2" },
      { do: "move", name: UNIQUE, to: "step.own.main_reinject/due12.mw1-3" },
    ],
  },
  {
    title: "the record of an earlier claim means nothing",
    claims: { "mw0123456789-b": record("/in/step.archive.main/mw1-2") },
    expected: [{ do: "requeue", name: "mw0123456789-b" }],
  },
  {
    title: "a rename to a directory of a step is done",
    claims: { [carried]: moveRecord(`/in/tmp/own.main/${carried}`, "/out/today/x", true) },
    expected: [{ do: "move", name: carried, to: "/out/today/x" }],
  },
  {
    title: "a record that leads out of the pipeline is not followed",
    claims: { [carried]: `${UNIQUE} step.archive.main/../../../etc/x`, [UNIQUE]: `${UNIQUE} /out/../etc/x` },
    expected: [
      { do: "requeue", name: carried },
      { do: "requeue", name: UNIQUE },
    ],
  },
  { title: "hidden files are none", claims: { ".metwork.x": undefined }, expected: [] },
];
for (const { title, claims, expected } of cases) {
  test(`after a death: ${title}`, () => {
    const left = Object.entries(claims).map(([name, move]) => ({ name, move }));
    assert.deepEqual(recover(OWN, left, ["/out"]), expected);
  });
}
