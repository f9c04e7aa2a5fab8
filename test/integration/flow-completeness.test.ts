import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WatchedDirectory } from "../../src/core/flow/types.ts";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";

describe("a watched directory with a declared sign of completeness", () => {
  let flow: Pipeline;
  let box: string;
  const start = async (mode: Partial<WatchedDirectory>): Promise<void> => {
    const config = flow.config([archiveStep(flow.archive)], [rule("*", "archive", "first.core.original_basename")]);
    const watched = config.watched.map((one) =>
      one.directory === flow.incoming ? { ...one, directory: box, ...mode } : one,
    );
    flow.configure({ ...config, watched, forcedPollS: 1 });
    await flow.start();
    await until("it is watched", () => existsSync(box));
  };
  const put = (name: string, content = "x"): void => writeFileSync(join(box, name), content);
  const archived = (name: string): Promise<void> => until(`${name} is archived`, () => flow.archived().includes(name));
  /** Something that comes after it has been archived: it would be there by now if it was going to be. */
  const leftAlone = (...names: string[]): void => {
    for (const name of names) assert.ok(existsSync(join(box, name)), name);
    assert.deepEqual(
      flow.archived().filter((name) => names.includes(name)),
      [],
    );
  };
  beforeEach(() => {
    flow = new Pipeline();
    box = join(flow.dataIn, "the in-box");
  });
  afterEach(() => flow.close());

  test("rename: closing a file says nothing, renaming or linking it does", async () => {
    await start({ complete: { by: "rename" } });
    put("written");
    put("a.building", "whole");
    renameSync(join(box, "a.building"), join(box, "a"));
    await archived("a");
    linkSync(join(box, "written"), join(box, "b"));
    await archived("b");
    leftAlone("written");
    renameSync(join(box, "written"), join(box, "c"));
    await archived("c");
  });

  test("rename: what was moved in while nobody looked is found", async () => {
    mkdirSync(box, { recursive: true });
    put("early");
    await start({ complete: { by: "rename" } });
    await archived("early");
  });

  test("companion: a file is taken once its companion is there, which goes with it", async () => {
    await start({ complete: { by: "companion", suffix: ".done" } });
    put("alone");
    put("a", "data");
    put("a.done", "");
    await archived("a");
    await until("the companion is gone", () => !existsSync(join(box, "a.done")));
    leftAlone("alone");
    put("late.done", "");
    const fd = openSync(join(box, "late"), "w");
    writeSync(fd, "half");
    put("b", "");
    put("b.done", "");
    await archived("b");
    leftAlone("late");
    writeSync(fd, " and half");
    closeSync(fd);
    await archived("late");
    assert.equal(readFileSync(join(flow.archive, "late"), "utf8"), "half and half");
    await until("only the file without companion is left", () => readdirSync(box).length === 1);
  });

  test("temporary: what has the suffix is left alone until it loses it", async () => {
    await start({ complete: { by: "temporary", suffix: ".part" } });
    put("a.part");
    put("b");
    await archived("b");
    leftAlone("a.part");
    renameSync(join(box, "a.part"), join(box, "a"));
    await archived("a");
  });

  test("stable: a file that is opened again and again is taken when it is left in peace", async () => {
    await start({ complete: { by: "stable", seconds: 2 } });
    const begun = performance.now();
    for (let part = 0; part < 10; part++) {
      writeFileSync(join(box, "log"), `part ${part}\n`, { flag: "a" });
      await sleep(300);
    }
    await archived("log");
    assert.ok(performance.now() - begun >= 4500);
    assert.match(readFileSync(join(flow.archive, "log"), "utf8"), /^part 0\n[\s\S]*part 9\n$/);
  });

  test("recursive: directories below count, old and new ones, moved in, and may go", async () => {
    mkdirSync(join(box, "old/deep"), { recursive: true });
    put("old/deep/a");
    await start({ recursive: true });
    await archived("a");
    mkdirSync(join(box, "new/deeper"), { recursive: true });
    put("new/deeper/b");
    await archived("b");
    mkdirSync(join(flow.stage, "tree/x"), { recursive: true });
    writeFileSync(join(flow.stage, "tree/x/c"), "c");
    renameSync(join(flow.stage, "tree"), join(box, "tree"));
    await archived("c");
    rmSync(join(box, "new"), { recursive: true });
    put("d");
    await archived("d");
    assert.ok(!existsSync(join(box, "new")));
    mkdirSync(join(box, "new"));
    put("new/e");
    await archived("e");
  });
});
