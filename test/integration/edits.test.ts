import assert from "node:assert/strict";
import { test } from "node:test";
import { editAtRandom } from "../support/edits.ts";

/** Another one each day, so that in a year more has been tried than anybody would wait for; a failure names it. */
const SEED = Number(process.env["EDITS_SEED"] ?? Math.floor(Date.now() / 86_400_000));

test(`30 random edits leave what a fresh start from the same inputs gives (EDITS_SEED=${SEED})`, async () => {
  const { edits, after, fresh, applies } = await editAtRandom(30, SEED);
  assert.ok(applies > 3, `${applies} applies`);
  assert.deepEqual(after, fresh, edits.join(", "));
});
