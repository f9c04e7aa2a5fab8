import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hasMagic } from "./linux/magic.ts";
import { Looker } from "./looker.ts";

const FILES = 40;

/** How often libmagic's database is in the memory of this process. */
function databases(): number {
  return readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => /magic\.mgc$/.test(line)).length;
}

test("a thread that has nothing to do gives all its memory back", { skip: !hasMagic() }, async () => {
  // Less than a batch takes: also a thread that is at work when it is to rest does so later.
  const looker = new Looker({ headerLength: 10, databases: [null] }, 1, 1);
  const before = databases();
  for (let round = 0; round < 3; round++) {
    const looked = Array.from({ length: FILES }, () => looker.look(import.meta.filename));
    await Promise.race(looked);
    for (const { begin, described } of await Promise.all(looked)) {
      assert.equal(begin?.length, 10);
      assert.match(String(described[0]), /text/);
    }
    for (let wait = 0; databases() > before && wait < 1000; wait++) await sleep(20);
    assert.equal(databases(), before, `round ${round}`);
  }
});
