/** Edits a running appliance at random and compares what is left with a fresh start from the same inputs. */
import { isDeepStrictEqual } from "node:util";
import { editAtRandom } from "../support/edits.ts";

const rounds = process.env["CHAOS"] === "full" ? 5 : 1;
const count = 200;
const first = Number(process.env["EDITS_SEED"] ?? 1);
let same = 0;
let applies = 0;
const begun = performance.now();
for (let seed = first; seed < first + rounds; seed++) {
  try {
    const edited = await editAtRandom(count, seed);
    applies += edited.applies;
    if (isDeepStrictEqual(edited.after, edited.fresh)) same++;
    else console.log(`  EDITS_SEED=${seed}: ${JSON.stringify(edited.after)} is not ${JSON.stringify(edited.fresh)}`);
  } catch (error) {
    console.log(`  EDITS_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
const seconds = ((performance.now() - begun) / 1000).toFixed(0);
console.log(
  `edits: ${same} of ${rounds} sequences of ${count} random edits left exactly what a fresh start gives; ${applies} applies, ${seconds} s`,
);
if (same < rounds) process.exitCode = 1;
