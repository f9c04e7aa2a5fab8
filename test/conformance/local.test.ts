import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readProcess } from "../../src/kit/linux/process.ts";
import { type ConnectOptions, connectSupervisor, type LocalSupervisor } from "../../src/system/supervise/client.ts";
import { processesOf } from "../support/processes.ts";
import { type Adapter, testSupervisor } from "./supervisor.ts";
import * as w from "./world.ts";

interface LocalWorld extends w.World {
  readonly supervisor: LocalSupervisor;
}

/** Descriptors come and go while they are looked at. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "metwork-sup-"));
  mkdirSync(join(home, "var"));
  return home;
}

async function open(home: string, options: Partial<ConnectOptions> = {}): Promise<LocalWorld> {
  return { home, supervisor: await connectSupervisor({ runtime: home }, { start: true, ...options }) };
}

async function remove({ home, supervisor }: w.World): Promise<void> {
  await supervisor.shutdown();
  rmSync(home, { recursive: true, force: true });
}

/** kill -9, and waits until the kernel has closed its socket. */
async function killSupervisor({ supervisor }: LocalWorld): Promise<void> {
  process.kill(supervisor.pid, "SIGKILL");
  await w.until("the supervisor is gone", () => !w.isAlive(supervisor.pid));
}

/** Runs a test with a supervisor of its own. */
function it(name: string, body: (world: LocalWorld) => Promise<unknown>, options: Partial<ConnectOptions> = {}): void {
  test(name, async () => {
    const world = await open(newHome(), options);
    try {
      await body(world);
    } finally {
      const last = await open(world.home);
      await remove(last);
    }
  });
}

const local: Adapter = { name: "local", create: () => open(newHome()), remove };
testSupervisor(local);

describe("local supervisor killed with -9", { concurrency: 3 }, () => {
  it("takes its children along", async (world) => {
    w.worked(await world.supervisor.start(w.web(world, "a", "inherited", {}, { instances: 2 })));
    w.worked(await world.supervisor.start(w.service(world, "b")));
    const pids = [...(await w.pidsOf(world, "a")), ...(await w.pidsOf(world, "b"))];
    assert.equal(pids.length, 3);
    await killSupervisor(world);
    await w.until("the children are gone", () => !pids.some(w.isAlive));
  });

  it("is followed by one that ends what did not die, and starts nothing twice", async (world) => {
    const argv = w.script(
      "trap '' TERM",
      "setsid sleep 1001 & echo $!",
      "env -i sleep 1002 & echo $!",
      "while :; do sleep 0.05; done & echo $!",
      "while :; do sleep 0.05; done",
    );
    const spec = w.service(world, "a", { argv, stop: { signal: "SIGTERM", graceMs: 100 } });
    w.worked(await world.supervisor.start(spec));
    const family = await w.until("three children are logged", () => {
      const pids = w.read(spec.log.stdout).trim().split("\n").map(Number);
      return pids.length === 3 && pids;
    });
    const [pid = 0] = await w.pidsOf(world, "a");
    await killSupervisor(world);
    assert.deepEqual([pid, ...family].map(w.isAlive), [true, true, true, true]);
    const next = await open(world.home);
    assert.deepEqual([pid, ...family].filter(w.isAlive), []);
    assert.deepEqual(await next.supervisor.list(), []);
    w.worked(await next.supervisor.start(spec));
    assert.equal((await w.pidsOf(next, "a")).length, 1);
  });

  it("is followed by one that ends what is left of a group without its leader", async (world) => {
    const argv = w.script("(trap '' TERM; exec env -i /bin/sleep 1001) & echo $!; while :; do sleep 0.02; done");
    const spec = w.service(world, "a", { argv });
    w.worked(await world.supervisor.start(spec));
    const child = await w.until("the child is logged", () => Number(w.read(spec.log.stdout)) || undefined);
    const [leader = 0] = await w.pidsOf(world, "a");
    await w.until("the child has dropped its environment", () => w.read(`/proc/${child}/comm`) === "sleep\n");
    await killSupervisor(world);
    await w.until("the leader is gone", () => !w.isAlive(leader));
    assert.equal(w.isAlive(child), true);
    await open(world.home);
    assert.equal(w.isAlive(child), false);
  });

  it("is followed by one that restores what ran", async (world) => {
    const specs = [w.web(world, "a", "inherited"), w.web(world, "b", "renamed", {}, { instances: 2 })];
    for (const spec of specs) w.worked(await world.supervisor.start(spec));
    w.worked(await world.supervisor.start(w.service(world, "gone")));
    w.worked(await world.supervisor.stop("gone"));
    const before = await w.until("it is all on disk", async () => {
      const text = w.read(join(world.home, "var", "services.json"));
      return text.includes('"id":"b"') && !text.includes('"id":"gone"') && (await world.supervisor.list());
    });
    await killSupervisor(world);
    const next = await open(world.home, { restore: true });
    const after = await w.until("both run", async () => {
      const all = await next.supervisor.list();
      const ready =
        all.length === 2 && all.every(({ instances }) => instances.every(({ state }) => state === "running"));
      return ready && all;
    });
    const essence = (list: typeof before) =>
      list.map(({ id, digest, instances }) => [id, digest, instances.length]).sort();
    assert.deepEqual(essence(after), essence(before));
    for (const [index, spec] of specs.entries()) assert.equal((await w.get(w.socketOf(spec, index + 1))).status, 200);
  });

  it("is followed by one that never kills strangers who got a recorded pid", async (world) => {
    w.worked(await world.supervisor.start(w.service(world, "a")));
    await killSupervisor(world);
    const stranger = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    const { pid = 0 } = stranger;
    const orphaning = spawnSync("setsid", ["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $$ $!"], {
      encoding: "utf8",
    });
    const [leader = 0, orphan = 0] = orphaning.stdout.split(" ").map(Number);
    const path = join(world.home, "var", "supervisor.json");
    const recorded = JSON.parse(readFileSync(path, "utf8"));
    const [first] = recorded.processes;
    const processes = [
      { ...first, pid, startTicks: (readProcess(pid)?.startTicks ?? 0) - 1 },
      { ...first, pid: leader },
    ];
    assert.equal(readProcess(orphan)?.group, leader);
    writeFileSync(path, JSON.stringify({ ...recorded, processes }));
    await open(world.home);
    assert.deepEqual([pid, orphan].map(w.isAlive), [true, true]);
    for (const each of [pid, orphan]) process.kill(each, "SIGKILL");
  });
});

// Alone: the other waits for a second, in which no test may hold up this process.
describe("local supervisor, two at once", () => {
  it("is not followed by one that was started together with it, once it was asked to end", async (world) => {
    const main = fileURLToPath(new URL("../../src/main/supervisor.ts", import.meta.url));
    const second = spawn(process.execPath, [main, world.home], { stdio: "ignore" });
    const { pid = 0 } = second;
    await w.until("it waits for the lock", () => {
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`));
      return open.includes(join(world.home, "var", "supervisor.lock")) && readProcess(pid)?.state === "S";
    });
    await world.supervisor.shutdown();
    try {
      await w.until("it has ended", () => second.exitCode !== null);
    } finally {
      second.kill();
    }
    assert.equal(second.exitCode, 75);
    await assert.rejects(connectSupervisor({ runtime: world.home }, { start: false }), /no supervisor runs in/);
  });
});

describe("local supervisor", { concurrency: 3 }, () => {
  it("is one per home, whoever starts it", async (world) => {
    const main = fileURLToPath(new URL("../../src/main/supervisor.ts", import.meta.url));
    const second = spawnSync(process.execPath, [main, world.home], { encoding: "utf8" });
    assert.equal(second.status, 75);
    assert.match(second.stderr, /another supervisor runs in/);
    const home = newHome();
    const both = await Promise.all([open(home), open(home)]);
    const [{ pid }, other] = [both[0].supervisor, both[1].supervisor];
    assert.equal(pid, other.pid);
    // One that comes late would make the home again and serve it.
    await w.until("the other has ended", () => processesOf(home).every((one) => one.pid === pid));
    await remove(both[0]);
  });

  it("says why there is none", async (world) => {
    const nowhere = join(world.home, "other");
    await assert.rejects(connectSupervisor({ runtime: nowhere }, { start: false }), /no supervisor runs in/);
    const deep = join(world.home, "x".repeat(100));
    await assert.rejects(connectSupervisor({ runtime: deep }, { start: true }), /too long for a socket/);
    writeFileSync(nowhere, "");
    await assert.rejects(connectSupervisor({ runtime: nowhere }, { start: true }), /ENOTDIR/);
  });

  it("stops everything in order on SIGTERM and leaves nothing behind", async (world) => {
    const spec = w.web(world, "a", "inherited");
    w.worked(await world.supervisor.start(spec));
    const [pid = 0] = await w.pidsOf(world, "a");
    process.kill(world.supervisor.pid, "SIGTERM");
    await w.until("it has ended", () => !w.isAlive(world.supervisor.pid));
    assert.equal(w.isAlive(pid), false);
    assert.deepEqual(readdirSync(join(world.home, "var")), ["supervisor.lock"]);
    await assert.rejects(world.supervisor.list(), /ended before it answered/);
    assert.equal(w.refusal(await world.supervisor.start(spec)).code, "MF6002");
  });

  it("keeps passwords and its socket to itself", async (world) => {
    w.worked(await world.supervisor.start(w.service(world, "a")));
    const modeOf = (name: string): number => statSync(join(world.home, "var", name)).mode & 0o777;
    await w.until("the services are on disk", () => readdirSync(join(world.home, "var")).includes("services.json"));
    for (const name of ["services.json", "supervisor.json", "supervisor.socket", "supervisor.lock"]) {
      assert.equal(modeOf(name), 0o600, name);
    }
  });

  it("carries a command out whose client has gone", async (world) => {
    const other = await open(world.home);
    const spec = w.web(world, "a", "inherited", { BOOT_MS: "200" });
    void other.supervisor.start(spec);
    await w.until("it is starting", async () => (await w.pidsOf(world, "a")).length === 1);
    other.supervisor.close();
    await w.until("it runs", async () => (await w.instancesOf(world, "a"))[0]?.state === "running");
  });

  it("leaves no zombies of descendants it adopts", async (world) => {
    const argv = w.script(
      "for i in 1 2 3 4 5; do (setsid sleep 0.0$i &) ; done; sleep 0.1; echo done; exec sleep 1000",
    );
    const spec = w.service(world, "a", { argv });
    w.worked(await world.supervisor.start(spec));
    await w.until("they have ended", () => w.read(spec.log.stdout) === "done\n");
    const [pid] = await w.pidsOf(world, "a");
    const childrenFile = `/proc/${world.supervisor.pid}/task/${world.supervisor.pid}/children`;
    await w.until("only the worker is left", () => w.read(childrenFile).trim() === String(pid));
  });
});

describe("local supervisor's logs", () => {
  const logPolicy = { maxBytes: 1_000_000, maxAgeS: 0, maxBytesPerMinute: 0, keep: 2, mode: 0o640 };

  it(
    "are rotated by size, and whole lines of several writers stay whole",
    async (world) => {
      const argv = w.script(
        "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $METWORK_INSTANCE line $i of this very worker; done; exec sleep 1000",
      );
      const spec = w.service(world, "a", { argv, instances: 2 });
      w.worked(await world.supervisor.start(spec));
      const directory = join(world.home, "log");
      const files = (): string[] =>
        readdirSync(directory)
          .filter((name) => name.startsWith("a.log"))
          .sort();
      const lines = (): string[] => files().flatMap((name) => w.read(join(directory, name)).trimEnd().split("\n"));
      await w.until("all is written", () => lines().length === 40_000);
      assert.ok(lines().every((line) => /^[12] line \d+ of this very worker$/.test(line)));
      assert.equal(files().length, 2, String(files()));
      assert.match(files()[1] ?? "", /^a\.log\.\d{14}$/);
      for (const name of files()) {
        assert.ok(statSync(join(directory, name)).size <= logPolicy.maxBytes);
        assert.equal(statSync(join(directory, name)).mode & 0o777, 0o640);
      }
    },
    { logPolicy },
  );

  it("of 50 MB at once do not make it grow", async (world) => {
    const memory = (): number =>
      Number(/VmRSS:\s+(\d+) kB/.exec(w.read(`/proc/${world.supervisor.pid}/status`))?.[1]) / 1024;
    const before = memory();
    let peak = before;
    const spec = w.service(world, "a", {
      argv: w.script("yes a line of some length to be logged again and again | head -c 50000000; exec sleep 1000"),
    });
    w.worked(await world.supervisor.start(spec));
    await w.until("all is written", () => {
      peak = Math.max(peak, memory());
      return statSync(spec.log.stdout, { throwIfNoEntry: false })?.size === 50_000_000;
    });
    assert.ok(peak - before < 40, `from ${before} to ${peak} MB`);
  });

  it("that nobody can write neither block nor kill a worker", async (world) => {
    const spec = w.service(world, "a", {
      argv: w.script(`yes full | head -c 5000000; touch ${world.home}/done; exec sleep 1000`),
    });
    // Its mode, as the policy's would be applied to the device itself.
    await connectSupervisor({ runtime: world.home }, { start: false, logPolicy: { ...logPolicy, mode: 0o666 } });
    symlinkSync("/dev/full", join(world.home, "log", "a.log"));
    w.worked(await world.supervisor.start(spec));
    await w.until("the worker has written all", () => readdirSync(world.home).includes("done"));
    assert.deepEqual(
      (await w.instancesOf(world, "a")).map(({ state, restarts }) => [state, restarts]),
      [["running", 0]],
    );
  });
});
