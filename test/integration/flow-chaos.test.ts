import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SwitchRuleSpec } from "../../src/core/flow/types.ts";
import { archiveStep, Pipeline, png, rule, until } from "./flow-harness.ts";

const ARCHIVE: readonly SwitchRuleSpec[] = [rule("PNG image*", "archive")];

describe("nothing is lost", () => {
  let flow: Pipeline;
  beforeEach(() => {
    flow = new Pipeline();
    flow.configure(flow.config([archiveStep(flow.archive)], ARCHIVE));
  });
  afterEach(() => flow.close());

  /** Fills incoming with numbered PNGs, `perTick` at a time. */
  async function burst(count: number, perTick = count): Promise<void> {
    for (let index = 0; index < count; index++) {
      writeFileSync(join(flow.stage, "file"), png(index));
      renameSync(join(flow.stage, "file"), join(flow.incoming, `image${index}.png`));
      // The sender's pace: files come all the time while the daemon dies.
      if (index % perTick === perTick - 1) await sleep(1);
    }
  }

  function assertComplete(count: number): void {
    const expected = Array.from({ length: count }, (_, index) => `image${index}.png`).sort();
    assert.deepEqual(flow.archived(), expected);
    assert.deepEqual(flow.inside(), []);
    for (let index = 0; index < count; index++) {
      const name = `image${index}.png`;
      const tags = flow.tags(name);
      assert.equal(digest(readFileSync(join(flow.archive, name))), digest(png(index)), name);
      assert.equal(tags.get("first.core.original_basename"), name);
      assert.equal(tags.get("first.core.original_dirname"), "incoming");
      assert.equal(tags.get("latest.core.step_counter"), "2");
      assert.equal(tags.size, 13, name);
    }
  }

  const allArchived = (count: number): Promise<void> =>
    until(`${count} are archived`, () => flow.archived().length === count && flow.inside().length === 0);

  test("kill -9 of the daemon in the middle of 2,000 files, 8 times", async () => {
    await flow.startRedis();
    await flow.start();
    const dropping = burst(2000, 4);
    for (let kill = 0; kill < 8; kill++) {
      const before = flow.archived().length;
      await until("some more are archived", () => flow.archived().length > before + 20);
      await flow.stop("SIGKILL");
      await flow.start();
    }
    await dropping;
    await allArchived(2000);
    assertComplete(2000);
  });

  test("kill -9 of the daemon without Redis, files of several targets: each once", async () => {
    const copies = join(flow.root, "copies");
    const both = [rule("PNG image*", "archive*,copies*")];
    flow.configure(flow.config([archiveStep(flow.archive), archiveStep(copies, "copies")], both));
    await flow.start();
    const dropping = burst(600, 4);
    for (let kill = 0; kill < 4; kill++) {
      const before = flow.archived().length;
      await until("some more are archived", () => flow.archived().length > before + 20);
      await flow.stop("SIGKILL");
      await flow.start();
    }
    await dropping;
    await allArchived(600);
    assertComplete(600);
    assert.equal(flow.archived(copies).length, 600);
  });

  test("Redis killed, away, back, and flushed", async () => {
    await flow.startRedis();
    await flow.start();
    const dropping = burst(1500, 4);
    for (let fault = 0; fault < 3; fault++) {
      const before = flow.archived().length;
      await until("some more are archived", () => flow.archived().length > before + 20);
      if (fault % 2 === 0) {
        await flow.killRedis();
        const without = flow.archived().length;
        await until("it goes on without", () => flow.archived().length > without + 20);
        await flow.startRedis();
      } else {
        await flow.redis("FLUSHALL");
      }
    }
    await dropping;
    await allArchived(1500);
    assertComplete(1500);
  });

  test("a backlog flushed from Redis, and a Redis that refuses to write", async () => {
    await flow.startRedis();
    await flow.start();
    flow.signal("SIGSTOP");
    // So many that the backlog lasts longer than a look at it.
    await burst(4000);
    flow.signal("SIGCONT");
    await until(
      "a backlog is in Redis",
      async () => !(await flow.redis("LLEN step.guess_file_type.main")).endsWith(":0"),
      20_000,
      1,
    );
    await flow.redis("FLUSHALL");
    await allArchived(4000);
    await flow.redis("REPLICAOF 127.0.0.1 1");
    writeFileSync(join(flow.stage, "file"), png(4000));
    renameSync(join(flow.stage, "file"), join(flow.incoming, "image4000.png"));
    await allArchived(4001);
    assertComplete(4001);
  });

  test("a Redis that does not answer", async () => {
    await flow.startRedis();
    await flow.start();
    flow.signalRedis("SIGSTOP");
    await burst(100);
    await allArchived(100);
    assertComplete(100);
    flow.signalRedis("SIGCONT");
  });

  test("events overflow while the daemon is stopped", async () => {
    await flow.startRedis();
    await flow.start();
    flow.signal("SIGSTOP");
    const limit = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
    for (let event = 0; event <= limit + 1000; event++) {
      closeSync(openSync(join(flow.incoming, `noise${event % 2}.t`), "w"));
    }
    await burst(200);
    flow.signal("SIGCONT");
    await until("the overflow is seen", () => flow.log.includes("overflowed"));
    await until("all are archived", () => flow.archived().length === 200);
  });

  test("SIGHUP: new rules and steps, the files in flight go on", async () => {
    await flow.startRedis();
    await flow.start();
    const other = join(flow.root, "other");
    const dropping = burst(600, 4);
    await until("some are archived", () => flow.archived().length > 50);
    flow.configure(flow.config([archiveStep(other, "other")], [rule("PNG image*", "other")]));
    flow.signal("SIGHUP");
    await until("the new rule is in force", () => flow.archived(other).length > 50);
    writeFileSync(join(flow.root, "flow.json"), "{ broken");
    flow.signal("SIGHUP");
    await dropping;
    await until("all are archived", () => flow.archived().length + flow.archived(other).length === 600);
    assert.deepEqual(flow.inside(), []);
    assert.match(flow.log, /the old one stays/);
  });
});

function digest(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
