import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import type { It } from "../supervisor.ts";
import * as w from "../world.ts";

const REQUESTS = 2_000;
const SWAPS = 4;

export function testSwap(it: It): void {
  for (const hand of ["inherited", "renamed"] as const) {
    it(`loses no request, ${hand}`, async (world) => {
      const spec = (version: number) => w.web(world, `swap.load.${hand}`, hand, { VERSION: String(version) });
      w.worked(await world.supervisor.start(spec(0)));
      let swaps = 0;
      const swapping = (async () => {
        for (; swaps < SWAPS; swaps++) w.worked(await world.supervisor.swap(spec(swaps + 1)));
      })();
      const { requests, versions, failures } = await w.load(
        w.socketOf(spec(0)),
        6,
        (count, seen) => count >= REQUESTS && swaps === SWAPS && seen.has(String(SWAPS)),
      );
      await swapping;
      assert.deepEqual(failures, []);
      assert.ok(requests >= REQUESTS);
      assert.deepEqual([...versions.keys()].sort(), ["0", "1", "2", "3", "4"]);
      assert.equal((await w.instancesOf(world, spec(0).id))[0]?.restarts, 0);
      await world.supervisor.stop(spec(0).id);
    });

    it(`leaves the old one alone when the new one fails, ${hand}`, async (world) => {
      const good = w.web(world, `swap.bad.${hand}`, hand, { VERSION: "good" }, { instances: 2 });
      w.worked(await world.supervisor.start(good));
      const pids = await w.pidsOf(world, good.id);
      const ready = { when: "socket", timeoutMs: 400 } as const;
      const sleeper = w.refusal(await world.supervisor.swap({ ...good, argv: ["sleep", "1000"], ready }));
      assert.equal(sleeper.code, "MF6021");
      const broken = w.refusal(await world.supervisor.swap({ ...good, argv: w.script("echo broken; exit 5") }));
      assert.match(broken.message, /ended \(exit 5\) before it was ready; it wrote last:\n {4}broken/);
      assert.deepEqual(await w.pidsOf(world, good.id), pids);
      assert.equal((await w.get(w.socketOf(good, 2))).pid, pids[1]);
      const left = readdirSync(join(world.home, "var")).filter((name) => name.startsWith(good.id));
      assert.equal(left.length, 2, String(left));
      await world.supervisor.stop(good.id);
    });
  }

  it("does not show a new version to anybody before it has proved itself", async (world) => {
    const ready = { when: "http", path: "/", timeoutMs: 20_000 } as const;
    const good = w.web(world, "swap.hidden", "inherited", { VERSION: "good" }, { ready });
    w.worked(await world.supervisor.start(good));
    let over = false;
    // Long enough for it to come up, not for the one that has to.
    const soon = { ...ready, timeoutMs: 1_000 };
    const swapped = world.supervisor
      .swap({ ...good, ready: soon, env: { ...good.env, VERSION: "bad", ANSWER: "500" } })
      .finally(() => {
        over = true;
      });
    const { versions, failures } = await w.load(w.socketOf(good), 2, () => over);
    assert.equal(w.refusal(await swapped).code, "MF6021");
    assert.deepEqual(failures, []);
    assert.deepEqual([...versions.keys()], ["good"]);
    await world.supervisor.stop(good.id);
  });

  it("takes back what it replaced when a later instance fails", async (world) => {
    const worker = `exec ${process.execPath} ${w.WEB_WORKER}`;
    const good = w.web(world, "swap.half", "inherited", { VERSION: "good" }, { instances: 2, argv: w.script(worker) });
    w.worked(await world.supervisor.start(good));
    const argv = w.script(`[ $METWORK_INSTANCE = 2 ] && exit 6; ${worker}`);
    const bad = { ...good, argv, env: { ...good.env, VERSION: "bad" } };
    assert.match(w.refusal(await world.supervisor.swap(bad)).message, /instance 2 ended \(exit 6\)/);
    for (const instance of [1, 2]) assert.equal((await w.get(w.socketOf(good, instance))).version, "good");
    await world.supervisor.stop(good.id);
  });

  it("starts all new ones at the same time", async (world) => {
    const old = w.web(world, "swap.together", "inherited", {}, { instances: 3 });
    w.worked(await world.supervisor.start(old));
    // None of them serves before all of them have come.
    const here = join(world.home, "var", "swap.together.here");
    const argv = w.script(
      `echo here >>${here}`,
      `until [ $(wc -l <${here}) = 3 ]; do sleep 0.02; done`,
      `exec ${process.execPath} ${w.WEB_WORKER}`,
    );
    w.worked(await world.supervisor.swap({ ...old, argv, env: { ...old.env, VERSION: "new" } }));
    for (const instance of [1, 2, 3]) assert.equal((await w.get(w.socketOf(old, instance))).version, "new");
    await world.supervisor.stop(old.id);
    rmSync(here);
  });

  it("ends the old one when its clients have left it, or could have", async (world) => {
    const stop = { signal: "SIGTERM", graceMs: 5_000, keptMs: 500 } as const;
    const spec = w.web(world, "swap.kept", "inherited", { VERSION: "0" }, { stop });
    w.worked(await world.supervisor.start(spec));
    for (const closes of [true, false]) {
      const [pid = 0] = await w.pidsOf(world, spec.id);
      const agent = new Agent({ keepAlive: true });
      assert.equal((await w.get(w.socketOf(spec), "/", agent)).pid, pid);
      w.worked(await world.supervisor.swap({ ...spec, env: { ...spec.env, VERSION: `after ${pid}` } }));
      assert.equal((await w.get(w.socketOf(spec), "/", agent)).pid, pid);
      assert.notEqual((await w.get(w.socketOf(spec))).pid, pid);
      if (closes) agent.destroy();
      await w.until("the old one is gone", () => !w.isAlive(pid));
      agent.destroy();
    }
    await world.supervisor.stop(spec.id);
  });

  it("lets the old one finish what it is doing, and moves to another path", async (world) => {
    const old = w.web(world, "swap.slow", "inherited", { VERSION: "old" });
    const socket = { path: join(world.home, "var", "swap.elsewhere"), hand: "renamed" } as const;
    const next = { ...w.web(world, "swap.slow", "renamed", { VERSION: "new" }), socket };
    w.worked(await world.supervisor.start(old));
    const slow = w.get(w.socketOf(old), "/?wait=400");
    await w.get(w.socketOf(old));
    w.worked(await world.supervisor.swap(next));
    assert.equal((await slow).version, "old");
    assert.equal((await w.get(socket.path)).version, "new");
    await assert.rejects(w.get(w.socketOf(old)), /ENOENT/);
    await world.supervisor.stop(old.id);
  });
}
