import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import type { Ran } from "../../src/kit/exec.ts";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import { startVictim, type Victim } from "../chaos/victim.ts";

let victim: Victim;
let version = 0;

before(async () => {
  victim = await startVictim("[autorestart]\nflag = 1\n");
});

beforeEach(() => isIdle());

after(async () => {
  const { failed } = victim.requests;
  await victim[Symbol.asyncDispose]();
  assert.deepEqual(failed, []);
});

async function isIdle(): Promise<void> {
  await until("conf_monitor is idle", () => existsSync(victim.layout.confMonitorIdle) || undefined);
}

async function monitorPid(): Promise<number> {
  const { value } = await until("conf_monitor runs", async () => {
    const supervisor = await connectSupervisor({ runtime: join(victim.appliance.home, "mfserv") }, { start: false });
    const services = await supervisor.list();
    supervisor.close();
    const [instance] = services.find(({ id }) => id === "conf_monitor")?.instances ?? [];
    return instance?.state === "running" ? instance.pid : undefined;
  });
  return value;
}

/** Makes a change; waits until the daemon has begun to apply it, or was so quick that it has. */
async function isBusy(change: () => void): Promise<void> {
  const applied = (): number => statSync(join(victim.layout.var, "last_apply.json")).mtimeMs;
  const before = applied();
  change();
  await until(
    "conf_monitor is busy",
    () => !existsSync(victim.layout.confMonitorIdle) || applied() !== before || undefined,
  );
}

test("of a hundred edits in a row, some during applies, the last one is in force", async () => {
  for (let edit = 0; edit < 100; edit++) {
    victim.save(++version);
    // The editor's pace, so that some edits meet an apply.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await victim.isSettled(version);
});

test("an edit during an apply is applied after it", async () => {
  for (let round = 0; round < 3; round++) {
    await isBusy(() => victim.save(++version));
    victim.save(++version);
    await victim.isSettled(version);
    await isIdle();
  }
});

test("applies by command and by conf_monitor take turns", async () => {
  const commands: Promise<Ran>[] = [];
  await isBusy(() => {
    victim.save(++version);
    for (let count = 0; count < 3; count++) commands.push(victim.appliance.run("metwork", "apply", "mfserv"));
  });
  victim.save(++version);
  for (const { code, stderr } of await Promise.all(commands)) assert.equal(code, 0, stderr);
  await victim.isSettled(version);
});

test("a directory of a new plugin's is watched from its first apply on", async () => {
  const at = join(victim.appliance.home, "mfserv/var/plugins");
  const config = readFileSync(join(at, "steady/config.ini"), "utf8");
  const route = (path: string): void =>
    writeFileSync(join(at, "later/config.ini"), `${config}prefix_based_routing_extra_routes = ${path}\n`);
  const answers = (path: string) =>
    until(`${path} answers`, async () => ((await victim.get(path)).body === "later" ? true : undefined));
  await isBusy(() => victim.appliance.plugin("mfserv", "later", { "config.ini": config, "main/index.html": "later" }));
  route("/first");
  await answers("/first/");
  route("/second");
  await answers("/second/");
  rmSync(join(at, "later"), { recursive: true });
  await until("it is gone", async () => ((await victim.get("/second/")).status === 404 ? true : undefined));
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`${signal} during an apply: the change is completed`, async () => {
    const pid = await monitorPid();
    await isBusy(() => victim.save(++version));
    process.kill(pid, signal);
    await victim.isSettled(version);
    await until("another one runs", async () => ((await monitorPid()) === pid ? undefined : true));
    await isIdle();
  });
}

test("when nothing can be written it tries again, and goes on by itself", async () => {
  // A file where the generations' directory stood refuses every write, also root's.
  const { generations } = victim.layout;
  const aside = `${generations}.aside`;
  const log = join(victim.layout.log, "conf_monitor.log");
  const before = readFileSync(log, "utf8").length;
  renameSync(generations, aside);
  writeFileSync(generations, "");
  victim.save(++version);
  try {
    await until("it failed", () => /could not|rolled back/.test(readFileSync(log, "utf8").slice(before)) || undefined);
  } finally {
    rmSync(generations);
    renameSync(aside, generations);
  }
  mkdirSync(generations, { recursive: true });
  await victim.isSettled(version);
});

test("without its supervisor's connection it ends, and what is started then works on", async () => {
  const pid = await monitorPid();
  const supervisor = await connectSupervisor({ runtime: join(victim.appliance.home, "mfserv") }, { start: false });
  process.kill(supervisor.pid, "SIGKILL");
  await until("conf_monitor ended", () => {
    try {
      process.kill(pid, 0);
      return undefined;
    } catch {
      return true;
    }
  });
  await victim.appliance.ok("metwork", "start", "mfserv");
  victim.requests.failed.length = 0;
  victim.save(++version);
  await victim.isSettled(version);
});
