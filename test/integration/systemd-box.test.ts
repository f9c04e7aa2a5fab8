/** The generated units under a real systemd, in a box of namespaces: restarts, sockets that are held, MemoryMax, TasksMax, who serves. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { run } from "../../src/kit/exec.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";

const box = join(import.meta.dirname, "..", "support", "box.sh");
const skip = whyNot();
const UNIT = "metwork-mfserv-app.unit.main";
let directory: string;
let appliance: Appliance;

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return "a box of namespaces needs root";
  if (findPrograms().systemdAnalyze === undefined) return "systemd is not installed";
  const version1 = readdirSync("/sys/fs/cgroup").includes("pids");
  return version1 ? false : "the box is made for control groups of version 1";
}

async function inBox(...command: readonly string[]): Promise<string> {
  const ran = await run([box, "exec", directory, ...command], { timeoutMs: 30_000 });
  assert.equal(ran.code, 0, `${command.join(" ")}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout.trim();
}

const property = (name: string) => inBox("systemctl", "show", "-P", name, `${UNIT}@1.service`);
const ask = (path: string) => {
  const socket = join(appliance.home, "mfserv/var/app_unit_main_1.socket");
  return inBox("curl", "-sS", "--max-time", "20", "--unix-socket", socket, `http://localhost/${path}`);
};

before(async () => {
  if (skip) return;
  directory = mkdtempSync(join(tmpdir(), "mw-box-"));
  appliance = await makeAppliance();
  const command = "_cmd_and_args = node {plugin_dir}/server.cjs\nnumprocesses = 1\nmemory_max = 150M\ntasks_max = 60\n";
  appliance.plugin("mfserv", "unit", {
    "config.ini": `${general}[app_main]\n${command}`,
    "server.cjs": readFileSync(join(import.meta.dirname, "..", "support", "victim.cjs"), "utf8"),
  });
  await appliance.ok("metwork", "apply", "mfserv");
  const units = join(directory, "units");
  mkdirSync(units);
  const tree = join(appliance.home, "mfserv/tmp/config_auto/systemd");
  for (const name of readdirSync(tree).filter((unit) => /app\.unit|-upstreams\.|-nginx\./.test(unit)))
    cpSync(join(tree, name), join(units, basename(name)));
  const started = await run([box, "start", directory], { env: { ...process.env, UNITS: units }, timeoutMs: 60_000 });
  assert.match(started.stdout, /running|degraded/, started.stderr);
});
after(async () => {
  if (skip) return;
  await run([box, "stop", directory], { timeoutMs: 30_000 });
  await appliance[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

test("a worker is killed: the socket is held, whoever waits is answered by the next", { skip }, async () => {
  await inBox("systemctl", "start", `${UNIT}@1.socket`);
  const pid = await ask("");
  for (let kills = 0; kills < 6; kills++) {
    const last = await property("MainPID");
    await inBox("kill", "-9", last);
    assert.notEqual(await ask(""), last);
  }
  assert.notEqual(await ask(""), pid);
  assert.ok(Number(await property("NRestarts")) >= 5);
});

test("MemoryMax and TasksMax are in force, and who breaks the first is started again", { skip }, async () => {
  assert.equal(await property("MemoryMax"), String(150 * 1024 ** 2));
  assert.equal(await property("TasksMax"), "60");
  const before = await ask("");
  await run(
    [
      box,
      "exec",
      directory,
      "curl",
      "-s",
      "--max-time",
      "5",
      "--unix-socket",
      join(appliance.home, "mfserv/var/app_unit_main_1.socket"),
      "http://localhost/?do=gulp&size=300",
    ],
    { timeoutMs: 30_000 },
  );
  await until("another process answers", async () => ((await ask("")) === before ? undefined : true));
  await ask("?do=fork");
  await until("it meets the limit", async () => (Number(await property("TasksCurrent")) >= 59 ? true : undefined));
  assert.ok(Number(await property("TasksCurrent")) <= 60);
});

test("/__upstream_status answers, from what systemd and the kernel know, and whoever answered ends again", {
  skip,
}, async () => {
  const peer = async () => {
    const url = `http://127.0.0.1:${appliance.ports.mfserv}/__upstream_status`;
    const [first] = JSON.parse(await inBox("curl", "-sS", "--fail", "--max-time", "30", url))["app.unit.main"];
    return first;
  };
  const name = `unix:${join(appliance.home, "mfserv/var/app_unit_main_1.socket")}`;
  await inBox("systemctl", "start", "metwork-mfserv-upstreams.socket", "metwork-mfserv-nginx.service");
  await until("nginx listens", () => peer().catch(() => undefined));
  await ask("");
  const { value } = await until("it serves", async () => {
    const seen = await peer();
    // Who asked last may not have been let go yet.
    return seen.state === "running" && seen.fails === 0 && seen.conns + seen.waiting === 0 ? seen : undefined;
  });
  const health = () => inBox("curl", "-sS", "--max-time", "30", `http://127.0.0.1:${appliance.ports.mfserv}/__health`);
  assert.equal(await health(), "OK");
  const pid = Number(await property("MainPID"));
  const restarts = Number(await property("NRestarts"));
  const { waiting, ...rest } = value;
  assert.deepEqual(rest, { name, id: 0, down: false, state: "running", pid, fails: 0, restarts, conns: 0, weight: 1 });
  assert.equal(waiting, 0);
  await inBox("kill", "-9", String(pid));
  await until("another one serves, which has just failed", async () => {
    const seen = await peer();
    return seen.pid !== pid && seen.restarts === restarts + 1 ? true : undefined;
  });
  await inBox("systemctl", "stop", `${UNIT}@1.service`);
  const stopped = await peer();
  assert.deepEqual([stopped.down, stopped.state, stopped.pid], [true, "stopped", null]);
  const answering = () => inBox("systemctl", "show", "-P", "ActiveState", "metwork-mfserv-upstreams.service");
  assert.equal(await answering(), "active");
  await until("it has ended", async () => ((await answering()) === "inactive" ? true : undefined), 90_000);
  assert.equal((await peer()).name, name);
});

test("metwork status sees what systemd runs, and leaves it to systemd", { skip }, async () => {
  const metwork = async (...args: readonly string[]) => {
    const env = [`METWORK_RUNTIME_ROOT=${appliance.home}`, `METWORK_ETC=${appliance.home}/etc`];
    const command = ["env", ...env, "METWORK_ALLOW_USAGE_BY_ROOT=1", join(root, "bin", "metwork"), ...args];
    return await run([box, "exec", directory, ...command], { timeoutMs: 30_000 });
  };
  const seen = async (): Promise<ModuleStatus> => {
    const [status] = JSON.parse((await metwork("status", "mfserv", "--json")).stdout);
    return status;
  };
  await inBox("systemctl", "start", `${UNIT}@1.service`);
  const running = await seen();
  assert.equal(running.runBy, "systemd");
  assert.equal(running.checks.find(({ name }) => name === "app.unit.main")?.state, "OK");
  const app = running.services.find(({ id }) => id === "app.unit.main");
  assert.deepEqual(
    app?.instances.map(({ state, pid }) => [state, pid]),
    [["running", Number(await property("MainPID"))]],
  );
  assert.match((await metwork("status", "mfserv")).stdout, /^mfserv: run by systemd,/);
  for (const command of ["start", "stop"]) {
    const refused = await metwork(command, "mfserv");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /MF6023.*systemd runs the services of mfserv/);
  }
  assert.match(await ask(""), /^\d+$/);
  await inBox("systemctl", "stop", `${UNIT}@1.service`);
  const stopped = (await seen()).checks.find(({ name }) => name === "app.unit.main");
  assert.deepEqual([stopped?.state, stopped?.message], ["ERROR", "0 of 1 running"]);
});
