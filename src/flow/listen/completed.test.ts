import assert from "node:assert/strict";
import { test } from "node:test";
import { Completed } from "./completed.ts";

const [one, two] = [Buffer.from("one"), Buffer.from("two")];

/** Of each id a message "one" on "radar" that is a file. */
function completed(...ids: number[]): Completed {
  const known = new Completed();
  known.begin(false);
  for (const id of ids) {
    assert.equal(known.knows(id, false, "radar", one), false);
    known.add(id);
  }
  return known;
}

test("what is a file is known when it comes again over another connection, marked as repeated", () => {
  const known = completed(1, 2);
  known.begin(true);
  assert.equal(known.knows(1, true, "radar", one), true);
  known.add(1);
  known.begin(true);
  assert.equal(known.knows(1, true, "radar", one), true, "after another loss too");
  assert.equal(known.knows(2, true, "radar", one), true);
  assert.equal(known.knows(3, true, "radar", one), false, "an id that ended nothing");
});

test("what is no file yet is not known", () => {
  const known = completed();
  known.knows(1, false, "radar", one);
  known.begin(true);
  assert.equal(known.knows(1, true, "radar", one), false);
});

for (const [what, topic, content] of [
  ["another content", "radar", two],
  ["another topic", "satellite", one],
] as const) {
  test(`an id used again is another message: ${what}`, () => {
    const known = completed(1);
    known.begin(true);
    assert.equal(known.knows(1, true, topic, content), false);
  });
}

test("with the first new message all that is repeated has come", () => {
  const known = completed(1, 2);
  known.begin(true);
  assert.equal(known.knows(2, false, "radar", one), false);
  assert.equal(known.knows(1, true, "radar", one), false);
});

test("what the broker has heard is forgotten, and nothing else", () => {
  const known = completed(1, 2);
  const asked = known.unproven();
  known.knows(3, false, "radar", one);
  known.add(3);
  known.prove(asked);
  assert.deepEqual(known.unproven(), [3]);
  known.begin(true);
  assert.equal(known.knows(1, true, "radar", one), false);
  assert.equal(known.knows(3, true, "radar", one), true);
});

test("what ended over a former connection is not proven by an answer over this one", () => {
  const known = completed(1, 2);
  known.begin(true);
  assert.equal(known.knows(1, true, "radar", one), true);
  known.add(1);
  known.prove(known.unproven());
  assert.equal(known.knows(2, true, "radar", one), true);
});

test("a broker that has forgotten us repeats nothing", () => {
  const known = completed(1);
  known.begin(false);
  assert.equal(known.knows(1, true, "radar", one), false);
});
