import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hasMagic, openMagicSync } from "./linux/magic.ts";
import { encodePaths, lookAtAll } from "./look.ts";
import { Looker } from "./looker.ts";

const FILES = 160;

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

test("files that are opened once are called what they are called by their paths", { skip: !hasMagic() }, () => {
  const directory = mkdtempSync(join(tmpdir(), "metwork-look-"));
  const { describe, close } = openMagicSync();
  try {
    const make = (name: string, content: string, mode: number): string => {
      writeFileSync(join(directory, name), content);
      chmodSync(join(directory, name), mode);
      return join(directory, name);
    };
    const paths = [
      make("empty", "", 0o644),
      make("text", "hello\n", 0o644),
      make("set-uid", "#!/bin/sh\n", 0o4755),
      make("sticky", "#!/bin/sh\n", 0o1755),
      process.execPath,
      directory,
      join(directory, "gone"),
    ];
    const opened: (number | undefined)[] = [];
    const said = lookAtAll(encodePaths(paths), { headerLength: 5, databases: [null] }, [
      (path, fd) => {
        opened.push(fd);
        return describe(path, fd);
      },
    ]).split("\0");
    assert.deepEqual(
      said.filter((_, index) => index % 2 === 1),
      paths.map((path) => `=${describe(path, undefined)}`),
    );
    assert.deepEqual([said[0], said[2], said[12]], ["=", "=hello", "-"]);
    assert.deepEqual(
      opened.map((fd) => fd !== undefined),
      [false, true, false, false, true, false, false],
    );
  } finally {
    close();
    rmSync(directory, { recursive: true });
  }
});

test("a database that is edited is read again, by all who look", { skip: !hasMagic() }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "metwork-look-"));
  const [database, file] = [join(directory, "own"), join(directory, "file")];
  const describing = (name: string): void => writeFileSync(database, `0\tstring\tOWN\t${name}\n`);
  try {
    describing("first");
    writeFileSync(file, "OWN content");
    const looker = new Looker({ headerLength: 1, databases: [database] }, 2);
    const sync = openMagicSync(database);
    const said = async (): Promise<readonly string[]> => [
      String((await looker.look(file)).described[0]),
      sync.describe(file, undefined),
    ];
    assert.deepEqual(await said(), ["first", "first"]);
    describing("the second");
    let now = await said();
    for (let wait = 0; now.includes("first") && wait < 200; wait++) {
      await sleep(20);
      now = await said();
    }
    assert.deepEqual(now, ["the second", "the second"]);
    sync.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
