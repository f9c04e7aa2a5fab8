import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../../src/core/plan/digest.ts";
import type { It } from "../supervisor.ts";
import * as w from "../world.ts";

export function testStart(it: It): void {
  for (const hand of ["inherited", "renamed"] as const) {
    it(`serves on the stable path, ${hand}`, async (world) => {
      const spec = w.web(world, `start.${hand}`, hand, { ANSWER: "404" }, { instances: 2, plugin: "p" });
      w.worked(await world.supervisor.start(spec));
      const [first, second] = await w.pidsOf(world, spec.id);
      assert.equal((await w.get(w.socketOf(spec, 1))).pid, first);
      assert.equal((await w.get(w.socketOf(spec, 2))).pid, second);
      const listed = (await world.supervisor.list()).find(({ id }) => id === spec.id);
      assert.equal(listed?.digest, digestOf(spec));
      assert.equal(listed?.plugin, "p");
      assert.deepEqual(
        listed?.instances.map(({ instance, state, restarts }) => [instance, state, restarts]),
        [
          [1, "running", 0],
          [2, "running", 0],
        ],
      );
      w.worked(await world.supervisor.stop(spec.id));
      assert.deepEqual(await w.instancesOf(world, spec.id), []);
      assert.deepEqual(
        readdirSync(join(world.home, "var")).filter((name) => name.startsWith(spec.id)),
        [],
      );
    });
  }

  it("waits until http readiness answers below 500", async (world) => {
    const ready = { when: "http", path: "/", timeoutMs: 10_000 } as const;
    const spec = w.web(world, "start.http", "inherited", { ANSWER: "late" }, { ready });
    const startedAt = Date.now();
    w.worked(await world.supervisor.start(spec));
    assert.ok(Date.now() - startedAt >= 300);
    assert.equal((await w.get(w.socketOf(spec))).status, 200);
    await world.supervisor.stop(spec.id);
  });

  it("is idempotent for the same spec", async (world) => {
    const spec = w.service(world, "start.twice");
    w.worked(await world.supervisor.start(spec));
    const pids = await w.pidsOf(world, spec.id);
    w.worked(await world.supervisor.start(spec));
    assert.deepEqual(await w.pidsOf(world, spec.id), pids);
    await world.supervisor.stop(spec.id);
  });
}

export function testFailingStart(it: It): void {
  const fails = (
    id: string,
    code: string,
    said: RegExp,
    changes: (world: w.World) => Parameters<typeof w.service>[2],
  ): void => {
    it(`${id} is refused with ${code}`, async (world) => {
      const spec = w.service(world, `fail.${id.replaceAll(" ", "_")}`, changes(world));
      const note = w.refusal(await world.supervisor.start(spec));
      assert.equal(note.code, code);
      assert.match(note.message, said);
      assert.deepEqual(await w.instancesOf(world, spec.id), []);
      assert.deepEqual(
        readdirSync(join(world.home, "var")).filter((name) => name.includes("fail.")),
        [],
      );
    });
  };
  const ready = { when: "socket", timeoutMs: 300 } as const;
  const socket = (world: w.World, hand: "inherited" | "renamed") => ({
    path: join(world.home, "var", "fail.{instance}"),
    hand,
  });
  fails(
    "exits at once",
    "MF6020",
    /ended \(exit 3\) before it was ready; it wrote last:\n {4}bad\n {4}news$/,
    (world) => ({
      argv: w.script("echo bad; echo news; exit 3"),
      socket: socket(world, "inherited"),
      ready: { ...ready, timeoutMs: 10_000 },
    }),
  );
  fails("never listens", "MF6021", /not ready after 0\.3 s; it wrote nothing/, (world) => ({
    argv: ["sleep", "1000"],
    socket: socket(world, "renamed"),
    ready,
  }));
  fails("never accepts", "MF6021", /not ready after 0\.3 s/, (world) => ({
    socket: socket(world, "inherited"),
    ready,
  }));
  fails("one of three fails", "MF6020", /instance 2 ended \(exit 7\)/, (world) => ({
    argv: w.script(`[ $METWORK_INSTANCE = 2 ] && exit 7; exec ${process.execPath} ${w.WEB_WORKER}`),
    socket: socket(world, "inherited"),
    instances: 3,
    ready: { when: "socket", timeoutMs: 10_000 },
  }));
  fails("no interpreter", "MF6020", /ended \(exit \d+\) .*No such file or directory/s, (world) => {
    const program = join(world.home, "script");
    writeFileSync(program, "#!/nowhere/interpreter\n", { mode: 0o755 });
    return { argv: [program] };
  });
  fails("no program", "MF6010", /no program nowhere-to-be-found/, () => ({ argv: ["nowhere-to-be-found"] }));
  fails("no directory", "MF6011", /\/nowhere does not exist/, () => ({ cwd: "/nowhere" }));
  fails("long path", "MF6012", /\d{3} bytes are too long/, (world) => ({
    socket: { path: join(world.home, "var", `${"x".repeat(108)}_{instance}`), hand: "inherited" },
  }));
  fails("shared path", "MF6013", /2 instances would all listen on/, (world) => ({
    socket: { path: join(world.home, "var", "fail.one"), hand: "inherited" },
    instances: 2,
  }));
}
