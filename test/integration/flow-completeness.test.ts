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
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { WatchedDirectory } from "../../src/core/flow/types.ts";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";

class Box extends Pipeline {
  /** The watched directory, of a name with blanks. */
  readonly box = join(this.dataIn, "the in-box");

  async watch(mode: Partial<WatchedDirectory>): Promise<void> {
    const config = this.config([archiveStep(this.archive)], [rule("*", "archive", "first.core.original_basename")]);
    const watched = config.watched.map((one) => {
      return one.directory === this.incoming ? { ...one, directory: this.box, ...mode } : one;
    });
    this.configure({ ...config, watched, forcedPollS: 1 });
    await this.start();
    await until("it is watched", () => existsSync(this.box));
  }

  put(name: string, content = "x"): void {
    writeFileSync(join(this.box, name), content);
  }

  arrives(name: string): Promise<void> {
    return until(`${name} is archived`, () => this.archived().includes(name));
  }

  /** Files that came before others which have been archived: they would be there by now if they were going to be. */
  leftAlone(...names: string[]): void {
    for (const name of names) assert.ok(existsSync(join(this.box, name)), name);
    assert.deepEqual(
      this.archived().filter((name) => names.includes(name)),
      [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

describe("a watched directory with a declared sign of completeness", { concurrency: true }, () => {
  test("rename: closing a file says nothing, renaming or linking it does", async () => {
    await using flow = new Box();
    const { box } = flow;
    await flow.watch({ complete: { by: "rename" } });
    flow.put("written");
    flow.put("a.building", "whole");
    renameSync(join(box, "a.building"), join(box, "a"));
    await flow.arrives("a");
    linkSync(join(box, "written"), join(box, "b"));
    await flow.arrives("b");
    flow.leftAlone("written");
    renameSync(join(box, "written"), join(box, "c"));
    await flow.arrives("c");
  });

  test("rename: what was moved in while nobody looked is found", async () => {
    await using flow = new Box();
    const { box } = flow;
    mkdirSync(box, { recursive: true });
    flow.put("early");
    await flow.watch({ complete: { by: "rename" } });
    await flow.arrives("early");
  });

  test("companion: a file is taken once its companion is there, which goes with it", async () => {
    await using flow = new Box();
    const { box } = flow;
    await flow.watch({ complete: { by: "companion", suffix: ".done" } });
    flow.put("alone");
    flow.put("a", "data");
    flow.put("a.done", "");
    await flow.arrives("a");
    await until("the companion is gone", () => !existsSync(join(box, "a.done")));
    flow.leftAlone("alone");
    flow.put("late.done", "");
    const fd = openSync(join(box, "late"), "w");
    writeSync(fd, "half");
    flow.put("b", "");
    flow.put("b.done", "");
    await flow.arrives("b");
    flow.leftAlone("late");
    writeSync(fd, " and half");
    closeSync(fd);
    await flow.arrives("late");
    assert.equal(readFileSync(join(flow.archive, "late"), "utf8"), "half and half");
    flow.put("b", "again");
    flow.put("c", "");
    flow.put("c.done", "");
    await flow.arrives("c");
    assert.ok(existsSync(join(box, "b")));
    flow.put("b.done", "");
    await until("the second b is archived", () => flow.archived().filter((name) => name.startsWith("b")).length === 2);
    await until("only the file without companion is left", () => readdirSync(box).length === 1);
  });

  test("temporary: what has the suffix is left alone until it loses it", async () => {
    await using flow = new Box();
    const { box } = flow;
    await flow.watch({ complete: { by: "temporary", suffix: ".part" } });
    flow.put("a.part");
    flow.put("b");
    await flow.arrives("b");
    flow.leftAlone("a.part");
    renameSync(join(box, "a.part"), join(box, "a"));
    await flow.arrives("a");
  });

  test("stable: a file that is opened again and again is taken when it is left in peace", async () => {
    await using flow = new Box();
    const { box } = flow;
    await flow.watch({ complete: { by: "stable", seconds: 2 } });
    const begun = performance.now();
    for (let part = 0; part < 10; part++) {
      writeFileSync(join(box, "log"), `part ${part}\n`, { flag: "a" });
      // The sender's own pace, slower in all than the time for which a file must be left in peace.
      await sleep(300);
    }
    await flow.arrives("log");
    assert.ok(performance.now() - begun >= 4500);
    assert.match(readFileSync(join(flow.archive, "log"), "utf8"), /^part 0\n[\s\S]*part 9\n$/);
  });

  test("recursive: directories below count, old and new ones, moved in, and may go", async () => {
    await using flow = new Box();
    const { box } = flow;
    mkdirSync(join(box, "old/deep"), { recursive: true });
    flow.put("old/deep/a");
    await flow.watch({ recursive: true });
    await flow.arrives("a");
    mkdirSync(join(box, "new/deeper"), { recursive: true });
    flow.put("new/deeper/b");
    await flow.arrives("b");
    mkdirSync(join(flow.stage, "tree/x"), { recursive: true });
    writeFileSync(join(flow.stage, "tree/x/c"), "c");
    renameSync(join(flow.stage, "tree"), join(box, "tree"));
    await flow.arrives("c");
    rmSync(join(box, "new"), { recursive: true });
    flow.put("d");
    await flow.arrives("d");
    assert.ok(!existsSync(join(box, "new")));
    mkdirSync(join(box, "new"));
    flow.put("new/e");
    await flow.arrives("e");
  });
});
