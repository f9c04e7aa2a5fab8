import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { type Ran, run } from "../../src/kit/exec.ts";
import { sendSignal } from "../../src/kit/linux/process.ts";
import { listenUnix } from "../../src/kit/linux/socket.ts";
import type { Checked } from "../../src/system/doctor/doctor.ts";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";
import { makeCertificate } from "../support/certificate.ts";
import { letOthersPass } from "../support/doctor.ts";

const DAY = 86_400_000;
const app = (command: string): string => `${general}[app_main]\n_cmd_and_args = ${command}\nnumprocesses = 1\n`;

/** What was found, a line each: `mfserv ports ERROR place: message | fix`. */
function linesOf(ran: Ran): readonly string[] {
  const checks = JSON.parse(ran.stdout) as readonly Checked[];
  return checks.flatMap(({ of, id, findings }) =>
    findings.map(({ state, place, message, fix }) => `${of} ${id} ${state} ${place}: ${message} | ${fix}`),
  );
}

function assertFound(found: readonly string[], faults: readonly RegExp[]): void {
  for (const fault of faults)
    assert.ok(
      found.some((line) => fault.test(line)),
      `${fault} is not in\n${found.join("\n")}`,
    );
}

/** The command with another way to start it, for what an appliance's own `run` does not do. */
function doctorUnder(appliance: Appliance, before: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const all = {
    ...process.env,
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ETC: join(appliance.home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
    ...env,
  };
  const [first = "", ...rest] = [...before, join(root, "bin", "metwork"), "doctor", "--json"];
  return run([first, ...rest], { cwd: appliance.home, env: all, timeoutMs: 30_000 });
}

/** Everything below a directory, with what a change of it would change. */
/** Without the compile cache, which all tests of a run share, and fill. */
function snapshot(directory: string): readonly string[] {
  const all = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  const entries = all.filter((name) => !name.includes("/var/compile_cache"));
  return entries.map((name) => {
    const { mode, size, mtimeMs, ino } = lstatSync(join(directory, name));
    return `${name} ${mode} ${size} ${mtimeMs} ${ino}`;
  });
}

async function listening(server: Server): Promise<Server> {
  await once(server, "listening");
  return server;
}

test("doctor finds what is wrong with a stopped module, where, and says what to do; it changes nothing", async () => {
  await using appliance = await makeAppliance();
  const { home, ports } = appliance;
  const runtime = join(home, "mfserv");
  const site = `[nginx]\nport = ${ports.mfserv}\nworkers = 1\nhttps_port = 65001\nserver_tokens[PROD] = 0\nssl_certificate = ${home}/old.pem\nssl_certificate_key = ${home}/other.key\n`;
  const siteFile = appliance.write("etc/metwork.config.d/mfserv/config.ini", site);
  chmodSync(siteFile, 0o666);
  letOthersPass(home);
  appliance.write("etc/metwork.config", "PORD\n");
  const old = makeCertificate(new Date(Date.now() - 90 * DAY), new Date(Date.now() - 5 * DAY));
  appliance.write("old.pem", old.certificate);
  appliance.write("other.key", makeCertificate(new Date(), new Date()).key, 0o644);
  const layered = appliance.plugin("mfserv", "layered", { "config.ini": app("sleep 1000") });
  appendFileSync(join(layered, ".layerapi2_dependencies"), "no_such@mfext\n");
  appliance.plugin("mfserv", "still", { "config.ini": app(`${runtime}/var/plugins/still/still`) });
  appliance.write("mfserv/var/plugins/still/still", "#!/bin/sh\n", 0o644);
  appliance.plugin("mfserv", "nowhere", { "config.ini": app("no_such_program") });
  const long = app("sleep 1000").replace("app_main", `app_${"m".repeat(30)}`);
  appliance.plugin("mfserv", "p".repeat(60), { "config.ini": long });
  for (let index = 0; index < 8; index++) mkdirSync(`${runtime}/tmp/config_auto.d/${index}`, { recursive: true });
  closeSync(listenUnix(`${runtime}/var/app_gone_main_1.socket`));
  appliance.write("mfserv/var/status", "RUNNING\n");
  const rival = await listening(createServer().listen(ports.mfserv, "127.0.0.1"));
  const silent = await listening(createServer().listen(`${runtime}/var/supervisor.socket`));
  const before = snapshot(home);
  const ran = await appliance.run("metwork", "doctor", "mfserv", "--json");
  assert.deepEqual(snapshot(home), before);
  rival.close();
  silent.close();
  assert.equal(ran.code, 1, ran.stderr);
  assertFound(linesOf(ran), [
    new RegExp(`mfserv ports ERROR nginx\\.port: tcp port ${ports.mfserv} is taken by process ${process.pid}:.*stop`),
    /mfserv certificate ERROR .*old\.pem: it expired 5 days ago \| renew it/,
    /mfserv certificate ERROR .*other\.key: it is not the key of .*old\.pem/,
    /mfserv access WARNING .*other\.key: .*secret.*chmod o-r/,
    /mfserv access ERROR .*mfserv\/config\.ini: everybody may change it.*chmod o-w/,
    /mfserv variants WARNING .*metwork\.config: the name PORD .*did you mean `PROD`/,
    /mfserv layers ERROR .*\.layerapi2_dependencies:4:1: .*no_such@mfext.*not installed/,
    /mfserv commands ERROR .*still\/still: .*not executable \| `chmod \+x /,
    /mfserv commands ERROR .*nowhere\/config\.ini:\d+:\d+: there is no program no_such_program/,
    /mfserv sockets ERROR .*config\.ini:\d+:\d+: the socket of \[app_m+\].* bytes/,
    /mfserv leftovers WARNING .*config_auto\.d\/\d: .*rm -r/,
    /mfserv leftovers WARNING .*app_gone_main_1\.socket: a socket nobody listens on/,
    /mfserv supervisor ERROR .*supervisor\.socket: .*does not answer/,
    /mfserv tree ERROR .*config_auto: the module says RUNNING, but no generation is in force/,
  ]);
});

test("doctor finds what waits in a stopped mfdata, its taken ports, and a change that was refused", async () => {
  await using appliance = await makeAppliance();
  const redisPort = await listening(createServer().listen(0, "127.0.0.1"));
  const { port } = redisPort.address() as { port: number };
  const site = `[nginx]\nport = ${appliance.ports.mfdata}\nworkers = 1\n[redis]\nport = ${port}\n`;
  const more = `[ftp]\nflag = 1\nport = ${port}\ntls = 1\n[data_in]\nmin_free_space = ${2 ** 40}\n`;
  appliance.write("etc/metwork.config.d/mfdata/config.ini", site + more);
  letOthersPass(appliance.home);
  const ending = makeCertificate(new Date(Date.now() - DAY), new Date(Date.now() + 3.5 * DAY));
  appliance.write("mfdata/config/ftp/server.pem", ending.certificate + ending.key, 0o644);
  const listener =
    "[extra_daemon_listener]\n_cmd_and_args = mqtt_listener\nnumprocesses = 1\n[custom]\nmqtt_port = 1\n";
  appliance.plugin("mfdata", "listening", { "config.ini": `${general}${listener}` });
  appliance.write("mfdata/var/in/tmp/switch.main/mw0123456789-1", "x");
  const mistake = appliance.write("etc/metwork.config.d/mfserv/config.ini", "[nginx]\nprot = 1\n");
  assert.equal((await appliance.run("metwork", "apply", "mfserv")).code, 1);
  const ran = await appliance.run("metwork", "doctor", "--json");
  redisPort.close();
  assert.equal(ran.code, 1, ran.stderr);
  assertFound(linesOf(ran), [
    new RegExp(`mfdata ports ERROR redis\\.port: tcp port ${port} is taken by process ${process.pid}`),
    /mfdata leftovers WARNING .*tmp\/switch\.main: 1 file taken.*mfdata\.start/,
    new RegExp(`mfdata ports ERROR ftp\\.port: tcp port ${port} is taken by process ${process.pid}`),
    /mfdata certificate WARNING .*ftp\/server\.pem: it expires in 3 days/,
    /mfdata access WARNING .*ftp\/server\.pem: .*secret.*chmod o-r/,
    /mfdata entrances ERROR .*var\/in: .* are free for files; below .* the ways in refuse them.*min_free_space/,
    /mfdata peers WARNING .*listening.* connects to localhost:1, where nobody listens/,
    new RegExp(`mfserv configuration ERROR ${mistake}:2:1: .*prot`),
    new RegExp(`mfserv last-apply ERROR ${mistake}:2:1: the change of \\d+ seconds? ago \\(.*was refused: .*prot`),
    /mfserv ports UNKNOWN .*could not look: the configuration has errors/,
    /mfserv layers UNKNOWN .*could not look/,
  ]);
});

test("doctor run by somebody else says what it could not look at, and claims nothing of it", {
  skip: process.getuid?.() === 0 ? false : "becoming another user needs root",
}, async () => {
  await using appliance = await makeAppliance();
  letOthersPass(appliance.home);
  for (const directory of ["config", "log", "tmp", "var/plugins"])
    mkdirSync(join(appliance.home, "mfserv", directory), { recursive: true });
  appliance.write("mfserv/var/status", "RUNNING\n");
  chmodSync(join(appliance.home, "mfserv/var"), 0o750);
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
  const ran = await doctorUnder(appliance, nobody, { HOME: appliance.home });
  const found = linesOf(ran).filter((line) => line.startsWith("mfserv"));
  assertFound(found, [
    /access ERROR .*mfserv: it belongs to the user with number 0, .* \(65534\) may not write.*chown -R/,
    /supervisor UNKNOWN .*mfserv\/var: could not look: .* may not look into it/,
    /layers UNKNOWN .*mfserv\/var\/plugins: could not look/,
    /leftovers UNKNOWN .*mfserv\/var: could not look/,
  ]);
  assert.equal(found.filter((line) => line.includes("access ERROR")).length, 1);
});

test("doctor finds rights and limits that are not enough: low ports, open files, long homes", async (context) => {
  await using appliance = await makeAppliance();
  appliance.write("etc/metwork.config.d/mfserv/config.ini", "[nginx]\nport = 80\n");
  const isRoot = process.getuid?.() === 0;
  // Anybody but root could not even start with so few processes.
  const few = ["--nofile=256:256", ...(isRoot ? ["--nproc=9:9"] : [])];
  const limited = linesOf(await doctorUnder(appliance, ["prlimit", ...few, "--"]));
  assertFound(limited, [
    /mfserv limits ERROR .*: nginx needs 16384 open files; this session may have 256.*nofile/,
    ...(isRoot ? [/mfserv limits WARNING .*processes and threads, .* this session may have 9 .*nproc/] : []),
  ]);
  const long = await doctorUnder(appliance, [], { METWORK_RUNTIME_ROOT: join(appliance.home, "x".repeat(90)) });
  assertFound(linesOf(long), [
    /mfserv sockets ERROR .*mfserv\/var\/supervisor\.socket: 1\d\d bytes; the system allows 107.*METWORK_RUNTIME_ROOT/,
    /mfdata sockets ERROR .*mfdata\/var\/redis\.socket/,
  ]);
  const drop = ["setpriv", "--inh-caps=-net_bind_service", "--bounding-set=-net_bind_service", "--"];
  const without = isRoot ? await doctorUnder(appliance, drop) : await doctorUnder(appliance, []);
  const found = linesOf(without);
  if (Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8")) <= 80) {
    context.diagnostic("this machine lets everybody bind port 80: nothing to find");
    return;
  }
  assertFound(found, [/mfserv low-ports ERROR nginx\.port: port 80 needs a right.*setcap cap_net_bind_service/]);
});

const mayMount = spawnSync("unshare", ["--mount", "true"]).status === 0;

test("doctor finds file systems that are full, apart, or without attributes", {
  skip: mayMount ? false : "mounting a file system needs root",
}, async () => {
  await using appliance = await makeAppliance();
  const at = (path: string): string => {
    mkdirSync(join(appliance.home, path), { recursive: true });
    return join(appliance.home, path);
  };
  const script =
    'mount -t ramfs none "$1" && mount -t tmpfs -o size=8m,nr_inodes=3 none "$2" && touch "$2/a" "$2/b" && shift 2 && exec "$@"';
  const places = [at("mfdata/var/in/trash"), at("mfdata/log")];
  const apart = linesOf(await doctorUnder(appliance, ["unshare", "--mount", "sh", "-c", script, "sh", ...places]));
  assertFound(apart, [
    /mfdata file-systems WARNING .*trash: it is on another file system than .*in\/tmp: .*copies it.*df /,
    /mfdata space ERROR .*log: 8\.0 MiB of 8\.0 MiB are free for the logs.*du /,
    /mfdata space ERROR .*log: 0 of 3 inodes are free for the logs.*du -x --inodes/,
  ]);
  const bare = [at("mfdata/var/in"), at("mfserv/log")];
  const without = linesOf(await doctorUnder(appliance, ["unshare", "--mount", "sh", "-c", script, "sh", ...bare]));
  assertFound(without, [
    /mfdata xattr WARNING .*var\/in: this file system has no user attributes/,
    /mfdata space UNKNOWN .*could not look: this file system does not tell its size/,
  ]);
});

test("doctor says nothing bad of a running module, and finds what is done to it", async () => {
  await using appliance = await makeAppliance();
  await appliance.ok("mfdata.start");
  const { home } = appliance;
  const well = await appliance.run("metwork", "doctor", "mfdata");
  assert.equal(well.code, 0, well.stdout);
  for (const title of [
    "ports are free or ours",
    "supervisor",
    "generated configuration is intact",
    "Redis keeps the queue",
  ])
    assert.match(well.stdout, new RegExp(`- Checking ${title}\\.\\.\\. +\\[ OK \\]`));
  assert.doesNotMatch(well.stdout, /ERROR|UNKNOWN/);

  const socket = join(home, "mfdata/var/redis.socket");
  const redis = connect(socket);
  redis.write("CONFIG SET maxmemory-policy allkeys-lru\r\n");
  const [answer] = await once(redis, "data");
  redis.destroy();
  assert.equal(String(answer), "+OK\r\n");
  const generation = readlinkSync(join(home, "mfdata/tmp/config_auto"));
  appendFileSync(join(home, "mfdata/tmp", generation, "nginx.conf"), "# by hand\n");
  const done = await appliance.run("metwork", "doctor", "mfdata", "--json");
  assert.equal(done.code, 1);
  assertFound(linesOf(done), [
    /mfdata redis ERROR .*redis\.socket: its maxmemory-policy is allkeys-lru: it throws queues away.*redis-cli -s/,
    /mfdata tree WARNING .*config_auto\/nginx\.conf: it was edited/,
  ]);

  const { pid } = await connectSupervisor({ runtime: join(home, "mfdata") }, { start: false });
  sendSignal(pid, "SIGKILL");
  await until("the end of the supervisor", () => (sendSignal(pid, 0) ? undefined : true));
  const dead = await appliance.run("metwork", "doctor", "mfdata", "--json");
  assert.equal(dead.code, 1);
  assertFound(linesOf(dead), [/mfdata supervisor ERROR .*says RUNNING, but no supervisor runs.*mfdata\.start/]);
});
