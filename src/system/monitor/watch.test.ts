import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type InputWatcher, watchInputs } from "./watch.ts";

let home: string;
let watcher: InputWatcher;
const at = (...parts: readonly string[]): string => join(home, ...parts);
const never = new AbortController().signal;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mw-watch-"));
  watcher = watchInputs();
});

afterEach(() => {
  watcher[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

/** What is reported after `change`; empty when nothing is within a moment. */
async function reported(change: () => void, patienceMs = 5_000): Promise<readonly string[]> {
  const heard = watcher.next(AbortSignal.timeout(patienceMs));
  change();
  return (await heard).map((path) => path.slice(home.length + 1));
}

const changes: readonly { what: string; before: () => void; input: string; change: () => void; says: string }[] = [
  {
    what: "a file written in place",
    before: () => writeFileSync(at("a.ini"), "1"),
    input: "a.ini",
    change: () => appendFileSync(at("a.ini"), "2"),
    says: "a.ini",
  },
  {
    what: "a file replaced by a rename",
    before: () => writeFileSync(at("a.ini"), "1"),
    input: "a.ini",
    change: () => {
      writeFileSync(at("new"), "1");
      renameSync(at("new"), at("a.ini"));
    },
    says: "a.ini",
  },
  {
    what: "a file removed",
    before: () => writeFileSync(at("a.ini"), "1"),
    input: "a.ini",
    change: () => rmSync(at("a.ini")),
    says: "a.ini",
  },
  {
    what: "a file touched",
    before: () => writeFileSync(at("a.ini"), "1"),
    input: "a.ini",
    change: () => utimesSync(at("a.ini"), 1, 1),
    says: "a.ini",
  },
  {
    what: "a file that appears three directories deep in what did not exist",
    before: () => undefined,
    input: "x/y/z/a.ini",
    change: () => {
      mkdirSync(at("x/y/z"), { recursive: true });
      writeFileSync(at("x/y/z/a.ini"), "1");
    },
    says: "x/y/z/a.ini",
  },
  {
    what: "the target of a link",
    before: () => {
      mkdirSync(at("far"));
      writeFileSync(at("far/real.ini"), "1");
      symlinkSync(at("far/real.ini"), at("a.ini"));
    },
    input: "a.ini",
    change: () => appendFileSync(at("far/real.ini"), "2"),
    says: "a.ini",
  },
  {
    what: "a file in a watched directory, edited",
    before: () => {
      mkdirSync(at("d"));
      writeFileSync(at("d/a.ini"), "1");
    },
    input: "d",
    change: () => appendFileSync(at("d/a.ini"), "2"),
    says: "d/a.ini",
  },
  {
    what: "a directory in a watched directory, exchanged for another",
    before: () => {
      mkdirSync(at("d/plugin"), { recursive: true });
      mkdirSync(at("new"));
    },
    input: "d",
    change: () => {
      renameSync(at("d/plugin"), at("old"));
      renameSync(at("new"), at("d/plugin"));
    },
    says: "d/plugin",
  },
];

for (const { what, before, input, change, says } of changes) {
  test(`hears of ${what}`, async () => {
    before();
    watcher.watch([at(input)]);
    assert.deepEqual(await reported(change), [says]);
  });
}

test("a file of a directory that was replaced is still heard of", async () => {
  mkdirSync(at("plugin"));
  writeFileSync(at("plugin/a.ini"), "1");
  watcher.watch([at("plugin/a.ini")]);
  const exchange = (): void => {
    mkdirSync(at("new"));
    writeFileSync(at("new/a.ini"), "2");
    renameSync(at("plugin"), at("old"));
    renameSync(at("new"), at("plugin"));
  };
  // Nothing of a directory's parent is watched for a file that is there: the one who watches the parent sees it.
  exchange();
  watcher.watch([at("plugin/a.ini")]);
  await watcher.next(AbortSignal.timeout(200));
  assert.deepEqual(await reported(() => appendFileSync(at("plugin/a.ini"), "3")), ["plugin/a.ini"]);
});

test("what changes nothing, and what is no input, is not heard of", async () => {
  mkdirSync(at("d/plugin"), { recursive: true });
  writeFileSync(at("a.ini"), "1");
  watcher.watch([at("a.ini"), at("d")]);
  const changed = await reported(() => {
    writeFileSync(at("other"), "1");
    writeFileSync(at("d/plugin/below"), "1");
  }, 300);
  assert.deepEqual(changed, []);
});

test("many changes in a row are one", async () => {
  writeFileSync(at("a.ini"), "");
  watcher.watch([at("a.ini"), at("b.ini")]);
  const changed = await reported(() => {
    for (let count = 0; count < 100; count++) appendFileSync(at("a.ini"), "x");
    writeFileSync(at("b.ini"), "");
  });
  assert.deepEqual(changed, ["a.ini", "b.ini"]);
  assert.equal(watcher.pending(), false);
});

test("inputs that are never quiet are not waited for without end", async () => {
  writeFileSync(at("a.ini"), "");
  watcher.watch([at("a.ini")]);
  const busy = setInterval(() => appendFileSync(at("a.ini"), "x"), 5);
  try {
    const begun = performance.now();
    assert.deepEqual(await watcher.next(never), [at("a.ini")]);
    assert.ok(performance.now() - begun < 30_000);
  } finally {
    clearInterval(busy);
  }
});

test("says whether inputs are new, and forgets those that are none any more", async () => {
  assert.equal(watcher.watch([at("a.ini")]), true);
  assert.equal(watcher.watch([at("a.ini")]), false);
  assert.equal(watcher.watch([at("b.ini")]), true);
  assert.deepEqual(await reported(() => writeFileSync(at("a.ini"), "1"), 300), []);
});
