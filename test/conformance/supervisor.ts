import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { testKeepAlive } from "./supervisor/alive.ts";
import { testCommands } from "./supervisor/commands.ts";
import { testProcess } from "./supervisor/process.ts";
import { testFailingStart, testStart } from "./supervisor/start.ts";
import { testStop } from "./supervisor/stop.ts";
import { testSwap } from "./supervisor/swap.ts";
import * as w from "./world.ts";

/** What a supervisor must bring along to be tested. */
export interface Adapter {
  readonly name: string;
  /** A running supervisor in a home of its own that has the directories `var` and `log`. */
  create(): Promise<w.World>;
  /** Shuts the supervisor down, which may have been done before, and removes the home. */
  remove(world: w.World): Promise<void>;
}

/** Declares a test that gets the supervisor all tests of the suite share. */
export type It = (name: string, body: (world: w.World) => Promise<void>) => void;

/** The behaviour every supervisor must have, whatever it is made of. */
export function testSupervisor(adapter: Adapter): void {
  describe(`supervisor ${adapter.name}`, () => {
    let world: w.World;
    before(async () => {
      world = await adapter.create();
    });
    after(() => adapter.remove(world));
    const it: It = (name, body) => void test(name, () => body(world));
    describe("start", () => testStart(it));
    describe("failing start", () => testFailingStart(it));
    describe("stop", () => testStop(it));
    describe("keep alive", () => testKeepAlive(it));
    describe("swap", () => testSwap(it));
    describe("other commands", { concurrency: 3 }, () => testCommands(it));
    describe("process", () => testProcess(it));
    test("shutdown ends the highest tier first, one tier after the other", () => testShutdown(adapter));
  });
}

async function testShutdown(adapter: Adapter): Promise<void> {
  const world = await adapter.create();
  const stdout = join(world.home, "log", "order.log");
  for (const tier of [30, 10, 20]) {
    const argv = w.script(`trap 'sleep 0.1; echo ${tier}; exit' TERM; echo ready; while :; do sleep 0.02; done`);
    w.worked(await world.supervisor.start(w.service(world, `tier.${tier}`, { argv, tier, log: { stdout } })));
  }
  await w.until("all are ready", () => w.read(stdout) === "ready\nready\nready\n");
  const pids = (await world.supervisor.list()).flatMap(({ instances }) => instances.flatMap(({ pid }) => pid ?? []));
  await world.supervisor.shutdown();
  assert.equal(w.read(stdout), "ready\nready\nready\n30\n20\n10\n");
  assert.deepEqual(pids.filter(w.isAlive), []);
  await adapter.remove(world);
}
