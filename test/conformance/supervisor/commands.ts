import assert from "node:assert/strict";
import type { It } from "../supervisor.ts";
import * as w from "../world.ts";

export function testCommands(it: It): void {
  it("scale starts what is missing, stops what is too much and leaves the rest alone", async (world) => {
    const spec = (instances: number) => w.web(world, "scale.web", "inherited", {}, { instances });
    w.worked(await world.supervisor.start(spec(2)));
    const two = await w.pidsOf(world, "scale.web");
    w.worked(await world.supervisor.scale(spec(4)));
    const four = await w.pidsOf(world, "scale.web");
    assert.deepEqual(four.slice(0, 2), two);
    assert.equal(four.length, 4);
    assert.equal((await w.get(w.socketOf(spec(4), 4))).pid, four[3]);
    w.worked(await world.supervisor.scale(spec(1)));
    assert.deepEqual(await w.pidsOf(world, "scale.web"), two.slice(0, 1));
    assert.deepEqual(four.slice(1).filter(w.isAlive), []);
    await assert.rejects(w.get(w.socketOf(spec(4), 2)), /ENOENT/);
    await world.supervisor.stop("scale.web");
  });

  it("reload sends SIGHUP and keeps the process", async (world) => {
    const spec = w.web(world, "reload.web", "inherited");
    w.worked(await world.supervisor.start(spec));
    const [pid] = await w.pidsOf(world, spec.id);
    const next = { ...spec, env: { ...spec.env, VERSION: "2" } };
    w.worked(await world.supervisor.reload(next));
    await w.until("the signal arrives", () => w.read(spec.log.stdout).includes(`hangup ${pid}`));
    assert.deepEqual(await w.pidsOf(world, spec.id), [pid]);
    process.kill(pid ?? 0, "SIGKILL");
    await w.until(
      "the restarted one follows the new spec",
      async () => (await w.get(w.socketOf(spec))).version === "2",
    );
    await world.supervisor.stop(spec.id);
  });

  it("restart refuses nobody who can wait in the backlog", async (world) => {
    const spec = w.web(world, "restart.web", "inherited", { BOOT_MS: "100" });
    w.worked(await world.supervisor.start(spec));
    const [pid = 0] = await w.pidsOf(world, spec.id);
    const restarted = world.supervisor.restart({ ...spec, env: { ...spec.env, VERSION: "2" } });
    await w.until("the old one is gone", () => !w.isAlive(pid));
    const answers = await Promise.all(Array.from({ length: 20 }, () => w.get(w.socketOf(spec))));
    assert.deepEqual(new Set(answers.map(({ version }) => version)), new Set(["2"]));
    w.worked(await restarted);
    await world.supervisor.stop(spec.id);
  });

  it("commands on one service are carried out in the order they came", async (world) => {
    const spec = (version: string, instances = 1) =>
      w.web(world, "queue.web", "inherited", { VERSION: version }, { instances });
    const { supervisor } = world;
    const all = await Promise.all([
      supervisor.start(spec("1")),
      supervisor.swap(spec("2")),
      supervisor.scale(spec("2", 2)),
      supervisor.restart(spec("3", 2)),
      supervisor.swap(spec("4", 2)),
    ]);
    for (const performed of all) w.worked(performed);
    assert.equal((await w.pidsOf(world, "queue.web")).length, 2);
    for (const instance of [1, 2]) assert.equal((await w.get(w.socketOf(spec("4"), instance))).version, "4");
    await supervisor.stop("queue.web");
  });

  it("commands on different services do not wait for each other", async (world) => {
    const stop = { signal: "SIGTERM", graceMs: 600_000 } as const;
    const stubborn = w.web(world, "queue.slow", "inherited", { STUBBORN: "1" }, { stop });
    w.worked(await world.supervisor.start(stubborn));
    const [pid = -1] = await w.pidsOf(world, stubborn.id);
    let slowIsDone = false;
    const slow = world.supervisor.stop(stubborn.id).then(() => {
      slowIsDone = true;
    });
    const quick = w.service(world, "queue.quick");
    w.worked(await world.supervisor.start(quick));
    w.worked(await world.supervisor.restart(quick));
    w.worked(await world.supervisor.stop(quick.id));
    assert.equal(slowIsDone, false);
    process.kill(pid, "SIGKILL");
    await slow;
  });

  it("every command starts a service that is not there", async (world) => {
    for (const command of ["restart", "swap", "reload", "scale"] as const) {
      const spec = w.service(world, `absent.${command}`);
      w.worked(await world.supervisor[command](spec));
      assert.equal((await w.pidsOf(world, spec.id)).length, 1);
      w.worked(await world.supervisor.stop(spec.id));
    }
  });
}
