import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, utimesSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { files, host, judge, ok, web } from "../../../../test/support/doctor.ts";
import { listening, workplace } from "../../../../test/support/workplace.ts";
import { fileGives, NET_BIND_SERVICE } from "../../../kit/linux/capability.ts";
import { findPrograms } from "../../host/programs.ts";
import { addressOf, gatherClock, gatherKernel } from "./host.ts";
import { triesBox } from "./namespaces.ts";
import { gatherListeners, parseListeners } from "./network.ts";
import { ancestorsOf, commandOf, scanProcesses } from "./processes.ts";
import { gatherHelpers } from "./programs.ts";
import { gatherRedis } from "./redis.ts";
import { gatherLimits, gatherRun } from "./running.ts";

test("who listens on a port is found with process and ancestors", async () => {
  const server = await listening(createServer().listen(0, "127.0.0.1"));
  const { port } = server.address() as { port: number };
  const listeners = gatherListeners();
  assert.ok(listeners.ok);
  const found = listeners.value.find((one) => one.port === port && one.protocol === "tcp");
  const { holders } = scanProcesses(new Set([found?.inode ?? ""]));
  server.close();
  assert.equal(found?.address, "loopback");
  assert.equal(found?.uid, process.geteuid?.());
  const pid = holders.get(found?.inode ?? "");
  assert.equal(pid, process.pid);
  assert.match(commandOf(process.pid), /node/);
  assert.equal(ancestorsOf(process.pid)[0], process.ppid);
});

test("tables of the kernel are read: states, addresses, families", () => {
  const line = (address: string, state: string): string =>
    `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000    33        0 12345 1 0 100 0 0 10 0`;
  const kinds = (text: string, protocol: "tcp" | "udp", family: 4 | 6) =>
    parseListeners(text, protocol, family).map(({ port, address, uid, inode }) => [port, address, uid, inode]);
  assert.deepEqual(kinds(line("0100007F:0050", "0A"), "tcp", 4), [[80, "loopback", 33, "12345"]]);
  assert.deepEqual(kinds(line("00000000:49B4", "0A"), "tcp", 4), [[18868, "any", 33, "12345"]]);
  assert.deepEqual(kinds(line("0702000A:0050", "0A"), "tcp", 4), [[80, "other", 33, "12345"]]);
  assert.deepEqual(kinds(line("0100007F:0050", "01"), "tcp", 4), []);
  assert.deepEqual(kinds(line("0100007F:1FBD", "07"), "udp", 4), [[8125, "loopback", 33, "12345"]]);
  assert.deepEqual(kinds(line(`${"0".repeat(32)}:0050`, "0A"), "tcp", 6), [[80, "any", 33, "12345"]]);
  assert.deepEqual(kinds(line(`${"0".repeat(24)}01000000:0050`, "0A"), "tcp", 6), [[80, "loopback", 33, "12345"]]);
});

test("kernel settings that would hurt are found where the kernel keeps them", () => {
  using place = workplace();
  const settings = {
    "proc/sys/fs/inotify/max_user_watches": "8\n",
    "proc/sys/fs/inotify/max_user_instances": "1\n",
    "proc/sys/vm/overcommit_memory": "0\n",
    "proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
  };
  for (const [path, text] of Object.entries(settings)) place.write(path, text);
  const kernel = gatherKernel(place.home);
  const on = host({ kernel });
  assert.deepEqual(
    judge("inotify", web({}), on)?.map(({ state }) => state),
    ["ERROR", "ERROR"],
  );
  assert.equal(kernel["sys/kernel/mm/transparent_hugepage/enabled"].ok, false);
  assert.equal(gatherKernel("/")["proc/sys/vm/overcommit_memory"].ok, true);
});

test("a clock before its time, and a name nobody knows", async () => {
  using place = workplace();
  const file = place.write("package.json", "{}");
  const ahead = Date.now() / 1000 + 3 * 86_400;
  utimesSync(file, ahead, ahead);
  const found = judge("clock", web({}), host({ clock: gatherClock(file) })) ?? [];
  assert.ok(found.some(({ state, message }) => state === "ERROR" && message.includes("installed")));
  assert.equal(gatherClock(join(place.home, "nowhere")).installed.ok, false);
  assert.equal((await addressOf("no-such-host.invalid")).ok, false);
  assert.equal((await addressOf("localhost")).ok, true);
});

test("a supervisor that listens and says nothing is silent, one that is not there absent", async () => {
  using place = workplace();
  mkdirSync(place.layout.var, { recursive: true });
  assert.equal((await gatherRun(place.layout)).supervisor, "absent");
  const server = await listening(createServer().listen(place.layout.supervisorSocket));
  assert.equal((await gatherRun(place.layout)).supervisor, "silent");
  server.close();
});

test("limits are those of the process that would pass them on", () => {
  const own = gatherLimits(undefined);
  assert.ok(own.ok && own.value.openFiles > 0 && own.value.processes > 0);
  assert.equal(gatherLimits(4_194_304).ok, false);
});

test("programs that are not there are missing", () => {
  using place = workplace();
  place.write("bin/prlimit", "#!/bin/sh\n", 0o755);
  place.write("bin/setpriv", "#!/bin/sh\n", 0o644);
  const { prlimit, setpriv, cron } = gatherHelpers(join(place.home, "bin"));
  assert.deepEqual([prlimit, setpriv, cron], [true, false, false]);
  const programs = findPrograms({ path: [place.home], nginxModules: [place.home] });
  const found = judge("programs", web({ programs, helpers: gatherHelpers(place.home) }), host()) ?? [];
  assert.deepEqual(
    found.map(({ place: name }) => name),
    ["nginx", "nginx's Lua module", "python3", "setpriv"],
  );
  assert.equal(fileGives(process.execPath, NET_BIND_SERVICE), false);
});

test("a Redis that evicts is found out, one that hangs is said to hang", async () => {
  using place = workplace();
  const socket = join(place.home, "redis.socket");
  const { redis = "redis-server" } = findPrograms();
  const words = ["--port", "0", "--unixsocket", socket, "--save", "", "--maxmemory", "50mb", "--disable-thp", "no"];
  const child = spawn(redis, [...words, "--maxmemory-policy", "allkeys-lru"], { cwd: place.home, stdio: "ignore" });
  const ended = once(child, "exit");
  const deadline = Date.now() + 60_000;
  let found = await gatherRedis(socket);
  while (!found.ok && Date.now() < deadline) {
    await delay(20);
    found = await gatherRedis(socket);
  }
  child.kill("SIGSTOP");
  const hung = await gatherRedis(socket);
  child.kill("SIGKILL");
  await ended;
  assert.ok(found.ok, JSON.stringify(found));
  assert.deepEqual(
    [found.value.policy, found.value.save, found.value.lastSave, found.value.maxMemory],
    ["allkeys-lru", "", "ok", 50 * 2 ** 20],
  );
  assert.ok(found.value.usedMemory > 0);
  assert.deepEqual(found.value.hugePages, ok(true));
  place.write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  place.write("proc/sys/vm/overcommit_memory", "0\n");
  const on = host({ kernel: gatherKernel(place.home) });
  for (const [id, says] of [
    ["huge-pages", /huge pages/],
    ["overcommit", /it is 0/],
    ["redis", /allkeys-lru/],
  ] as const)
    assert.match(judge(id, files({ redis: found }), on)?.[0]?.message ?? "", says);
  assert.match(hung.ok ? "" : hung.reason, /no answer/);
});

const { bubblewrap } = findPrograms();
test("whether a box can be made is tried", {
  skip: bubblewrap === undefined && "bubblewrap is not installed",
}, async () => {
  const tried = await triesBox(bubblewrap ?? "");
  const really = spawnSync(bubblewrap ?? "", ["--unshare-user", "--ro-bind", "/", "/", "--", "/bin/true"]).status === 0;
  assert.deepEqual(tried, ok(really));
  assert.deepEqual(await triesBox("/bin/false"), ok(false));
});
