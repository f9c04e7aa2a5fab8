import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { SwitchRuleSpec } from "../../src/core/flow/types.ts";
import { archiveStep, Pipeline, png, rule, says, until } from "./flow-harness.ts";

const ARCHIVE: readonly SwitchRuleSpec[] = [rule("PNG image*", "archive")];

describe("nothing is lost", () => {
  let flow: Pipeline;
  beforeEach(() => {
    flow = new Pipeline();
    flow.configure(flow.config([archiveStep(flow.archive)], ARCHIVE));
  });
  afterEach(() => flow.close());

  function drop(index: number): void {
    writeFileSync(join(flow.stage, "file"), png(index));
    renameSync(join(flow.stage, "file"), join(flow.incoming, `image${index}.png`));
  }

  function burst(count: number): void {
    for (let index = 0; index < count; index++) drop(index);
  }

  async function someMore(directory?: string): Promise<void> {
    const before = flow.archived(directory).length;
    await until("some more are archived", () => flow.archived(directory).length > before + 20);
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
    const count = await flow.feed(2000, drop, async () => {
      for (let kill = 0; kill < 8; kill++) {
        await someMore();
        await flow.stop("SIGKILL");
        await flow.start();
      }
    });
    await allArchived(count);
    assertComplete(count);
  });

  test("kill -9 of the daemon without Redis, files of several targets: each once", async () => {
    const copies = join(flow.root, "copies");
    const both = [rule("PNG image*", "archive*,copies*")];
    flow.configure(flow.config([archiveStep(flow.archive), archiveStep(copies, "copies")], both));
    await flow.start();
    const count = await flow.feed(600, drop, async () => {
      for (let kill = 0; kill < 4; kill++) {
        await someMore();
        await flow.stop("SIGKILL");
        await flow.start();
      }
    });
    await allArchived(count);
    assertComplete(count);
    assert.equal(flow.archived(copies).length, count);
  });

  test("Redis killed, away, back, and flushed", async () => {
    await flow.startRedis();
    await flow.start();
    const count = await flow.feed(1500, drop, async () => {
      for (let fault = 0; fault < 3; fault++) {
        await someMore();
        if (fault % 2 === 0) {
          await flow.killRedis();
          await someMore();
          await flow.startRedis();
        } else {
          await flow.redis("FLUSHALL");
        }
      }
    });
    await allArchived(count);
    assertComplete(count);
  });

  test("a backlog flushed from Redis, and a Redis that refuses to write", async () => {
    await flow.startRedis();
    await flow.start();
    flow.signal("SIGSTOP");
    // So many that the backlog lasts longer than a look at it.
    burst(4000);
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
    drop(4000);
    await allArchived(4001);
    assertComplete(4001);
  });

  test("a Redis that does not answer", async () => {
    await flow.startRedis();
    await flow.start();
    flow.signalRedis("SIGSTOP");
    burst(100);
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
    burst(200);
    flow.signal("SIGCONT");
    await until("the overflow is seen", () => flow.log.includes("overflowed"));
    await until("all are archived", () => flow.archived().length === 200);
  });

  test("SIGHUP: new rules and steps, the files in flight go on", async () => {
    await flow.startRedis();
    await flow.start();
    const other = join(flow.root, "other");
    const count = await flow.feed(600, drop, async () => {
      await someMore();
      flow.configure(flow.config([archiveStep(other, "other")], [rule("PNG image*", "other")]));
      flow.signal("SIGHUP");
      await someMore(other);
      writeFileSync(join(flow.root, "flow.json"), "{ broken");
      flow.signal("SIGHUP");
    });
    await until("all are archived", () => flow.archived().length + flow.archived(other).length === count);
    assert.deepEqual(flow.inside(), []);
    await says(flow, /the old one stays/);
  });
});

function digest(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
