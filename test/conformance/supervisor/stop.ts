import assert from "node:assert/strict";
import type { It } from "../supervisor.ts";
import * as w from "../world.ts";

export function testStop(it: It): void {
  it("lets requests in progress finish", async (world) => {
    const spec = w.web(world, "stop.graceful", "inherited");
    w.worked(await world.supervisor.start(spec));
    const slow = w.get(w.socketOf(spec), "/?wait=400");
    await w.get(w.socketOf(spec));
    w.worked(await world.supervisor.stop(spec.id));
    assert.equal((await slow).status, 200);
  });

  it("kills who ignores the signal, when the grace is over", async (world) => {
    const spec = w.web(
      world,
      "stop.stubborn",
      "inherited",
      { STUBBORN: "1" },
      { stop: { signal: "SIGTERM", graceMs: 300 } },
    );
    w.worked(await world.supervisor.start(spec));
    const [pid = 0] = await w.pidsOf(world, spec.id);
    const startedAt = Date.now();
    w.worked(await world.supervisor.stop(spec.id));
    assert.ok(Date.now() - startedAt >= 300);
    assert.equal(w.isAlive(pid), false);
  });

  it("leaves no descendant, not even in a session of its own", async (world) => {
    const argv = w.script("setsid sleep 1001 & echo $!; sleep 1002 & echo $!; exec sleep 1003");
    const spec = w.service(world, "stop.family", { argv });
    w.worked(await world.supervisor.start(spec));
    const family = await w.until("two children are logged", () => {
      const pids = w.read(spec.log.stdout).trim().split("\n").map(Number);
      return pids.length === 2 && pids;
    });
    w.worked(await world.supervisor.stop(spec.id));
    assert.deepEqual(family.filter(w.isAlive), []);
  });

  it("passes the signal on to children of a shell that ends first", async (world) => {
    const argv = w.script(
      "(trap 'sleep 0.1; echo cleaned up; exit' TERM; echo ready; while :; do sleep 0.02; done) & wait",
    );
    const spec = w.service(world, "stop.shell", { argv });
    w.worked(await world.supervisor.start(spec));
    await w.until("it is ready", () => w.read(spec.log.stdout).includes("ready"));
    w.worked(await world.supervisor.stop(spec.id));
    assert.match(w.read(spec.log.stdout), /cleaned up/);
  });

  it("accepts unknown ids", async (world) => w.worked(await world.supervisor.stop("no.such")));

  it("interrupts a start that is still waiting", async (world) => {
    const spec = w.web(
      world,
      "stop.early",
      "inherited",
      { BOOT_MS: "60000" },
      { ready: { when: "socket", timeoutMs: 60_000 } },
    );
    const start = world.supervisor.start(spec);
    await w.until("it is starting", async () => (await w.pidsOf(world, spec.id)).length === 1);
    w.worked(await world.supervisor.stop(spec.id));
    assert.equal(w.refusal(await start).code, "MF6022");
    assert.deepEqual(await w.instancesOf(world, spec.id), []);
  });
}
