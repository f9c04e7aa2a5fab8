import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeCertificate } from "../../../../test/support/certificate.ts";
import {
  config,
  files,
  host,
  judge,
  letOthersPass,
  NOW,
  ok,
  plan,
  service,
  web,
} from "../../../../test/support/doctor.ts";
import type { FlowConfig } from "../../../core/flow/types.ts";
import { type ModulePaths, runtimeLayout } from "../../../core/module/paths.ts";
import type { Plugin } from "../../../core/plugin/types.ts";
import { fileGives, NET_BIND_SERVICE } from "../../../kit/linux/capability.ts";
import { listenUnix } from "../../../kit/linux/socket.ts";
import { findPrograms } from "../../host/programs.ts";
import { gatherAccess } from "./access.ts";
import { gatherCertificate } from "./certificate.ts";
import { gatherEntrances, watchedDirectories } from "./entrances.ts";
import { addressOf, gatherClock, gatherKernel } from "./host.ts";
import { triesBox } from "./namespaces.ts";
import { gatherListeners, parseListeners } from "./network.ts";
import { certificatesOf, keysOf, peersOf } from "./plugins.ts";
import { ancestorsOf, commandOf, scanProcesses } from "./processes.ts";
import { gatherHelpers } from "./programs.ts";
import { gatherRedis } from "./redis.ts";
import { gatherLimits, gatherRun } from "./running.ts";
import { secretFiles } from "./secrets.ts";
import { gatherStale } from "./stale.ts";
import { attributesIn, volumeOf, waysOf } from "./storage.ts";
import { gatherVariants } from "./variants.ts";

const DAY = 86_400_000;

/** A directory of the test's own; `write` makes what is above a file too. */
function workplace() {
  const home = mkdtempSync(join(tmpdir(), "doc-"));
  const paths: ModulePaths = {
    module: "mfserv",
    root: home,
    home: join(home, "home"),
    mfext: join(home, "ext"),
    runtime: join(home, "rt"),
    etc: join(home, "etc"),
  };
  return {
    home,
    paths,
    layout: runtimeLayout(paths.runtime),
    write(path: string, text: string, mode = 0o644): string {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

async function listening(server: Server): Promise<Server> {
  await once(server, "listening");
  return server;
}

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

function certificateAt(path: string, key: string) {
  return gatherCertificate({ path, option: "here" }, { path: key, option: "there" }, "apply");
}

test("certificates: expired, of another key, unreadable, good", () => {
  using place = workplace();
  const old = makeCertificate(new Date(NOW - 400 * DAY), new Date(NOW - 35 * DAY));
  const good = makeCertificate(new Date(NOW - DAY), new Date(NOW + 90 * DAY));
  const certificate = place.write("old.pem", old.certificate);
  const key = place.write("old.key", old.key, 0o600);
  const goodCertificate = place.write("good.pem", good.certificate);
  const states = (cert: string, of: string) =>
    judge("certificate", web({ certificates: [certificateAt(cert, of)] }), host())?.map(({ message }) => message);
  assert.deepEqual(states(certificate, key), ["it expired 35 days ago"]);
  assert.deepEqual(states(goodCertificate, key), [`it is not the key of ${goodCertificate}`]);
  assert.deepEqual(states(goodCertificate, place.write("good.key", good.key)), []);
  assert.match(states(place.write("empty.pem", ""), key)?.[0] ?? "", /cannot be used/);
  assert.match(states(goodCertificate, join(place.home, "none"))?.[0] ?? "", /ENOENT/);
});

test("file systems: their room, their attributes, and where one ends", () => {
  using place = workplace();
  const volume = volumeOf(join(place.home, "not", "yet"));
  assert.ok(volume.ok && volume.value.total > volume.value.free && volume.value.device > 0);
  assert.equal(attributesIn(place.home).ok, true);
  assert.equal(attributesIn("/proc/self").ok, false);
  const step = { plugin: "p", step: "s", lanes: 1, onFailure: { do: "keep" }, debug: false } as const;
  const archive = (directory: string) =>
    ({ ...step, work: { do: "archive", directory, basename: "x", tagsSuffix: "" } }) as const;
  const ways = waysOf({
    dataIn: place.home,
    watched: [{ directory: "/proc/self", steps: [], external: true }],
    steps: [archive("/proc/archive"), archive(join(place.home, "archive"))],
  });
  assert.deepEqual(
    ways.map(({ same, copies }) => [same.ok && same.value, copies]),
    [
      [false, true],
      [true, true],
      [false, true],
      [true, true],
    ],
  );
});

test("who may read and write: writable and readable by all, but only where the way is open", () => {
  using place = workplace();
  for (const directory of [place.layout.pluginOverrides, place.layout.log, place.layout.plugins, place.layout.tmp])
    mkdirSync(directory, { recursive: true });
  const config = place.write("rt/config/config.ini", "[nginx]\n", 0o666);
  const override = place.write("rt/config/plugins/p.ini", "[custom]\ndb_password = x\n", 0o644);
  place.write("rt/config/plugins/q.ini", "[custom]\npassword = null\n", 0o644);
  const hidden = place.write("rt/var/plugins/p/config.ini", "[custom]\ntoken = x\n", 0o644);
  chmodSync(dirname(hidden), 0o750);
  const key = place.write("tls/key.pem", "key", 0o644);
  letOthersPass(place.home);
  const faults = gatherAccess(place.paths, [key], []);
  assert.deepEqual(
    faults.map(({ path, fault }) => [fault, path]),
    [
      ["world-writable", config],
      ["secret-readable", key],
      ["secret-readable", override],
    ],
  );
});

test("old generations, unfinished ones and dead sockets are found, living ones left alone", async () => {
  using place = workplace();
  const { layout } = place;
  const now = Date.now();
  const age = (path: string, hours: number): string => {
    utimesSync(path, now / 1000 - hours * 3600, now / 1000 - hours * 3600);
    return path;
  };
  for (let index = 0; index < 8; index++) {
    mkdirSync(join(layout.generations, `g${index}`), { recursive: true });
    age(join(layout.generations, `g${index}`), index);
  }
  mkdirSync(join(layout.generations, ".g9.abcd"));
  age(join(layout.generations, ".g9.abcd"), 3);
  mkdirSync(join(layout.generations, ".g10.abcd"));
  symlinkSync("config_auto.d/g0", `${layout.tmp}/config_auto.01234567`);
  mkdirSync(layout.var);
  closeSync(listenUnix(join(layout.var, "app_old_main_1.socket")));
  const server = await listening(createServer().listen(join(layout.var, "app_new_main_1.socket")));
  place.write("in/tmp/p.main/mw0123456789-1", "x");
  place.write("in/tmp/nginx/body", "x");
  const found = gatherStale(layout, join(place.home, "in"), now + 3_600_000);
  symlinkSync("config_auto.d/g7", layout.configAuto);
  const inForce = gatherStale(layout, undefined, now + 3_600_000);
  server.close();
  assert.ok(!inForce.generations.includes(join(layout.generations, "g7")), "the one in force is needed, however old");
  assert.deepEqual(found.generations.map((path) => path.slice(layout.tmp.length)).sort(), [
    "/config_auto.01234567",
    "/config_auto.d/.g10.abcd",
    "/config_auto.d/.g9.abcd",
    "/config_auto.d/g6",
    "/config_auto.d/g7",
  ]);
  assert.equal(gatherStale(layout, undefined, now).generations.length, 2);
  assert.deepEqual(found.sockets, ok([join(layout.var, "app_old_main_1.socket")]));
  assert.deepEqual(found.claims, [{ path: join(place.home, "in/tmp/p.main"), files: 1 }]);
});

test("variants are found in all files, the name in the environment or the file", () => {
  using place = workplace();
  const config = place.write("rt/config/config.ini", "[nginx]\nport = 1\nport[PROD] = 2\n");
  place.write("rt/var/plugins/p/config.ini", "[custom]\nx[dev] = 1\n");
  const absent = gatherVariants(place.paths, {});
  assert.deepEqual([absent.present, absent.name, [...absent.used.keys()]], [ok(false), "GENERIC", ["PROD", "DEV"]]);
  assert.match(absent.used.get("PROD") ?? "", new RegExp(`^${config}:3:`));
  place.write("etc/metwork.config", "# which\nPORD\n");
  assert.equal(gatherVariants(place.paths, {}).name, "PORD");
  assert.equal(gatherVariants(place.paths, { MFCONFIG: "DEV" }).fromFile, false);
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
  const deadline = Date.now() + 10_000;
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

test("secrets are known by what is in them or by their name; a certificate is none", () => {
  using place = workplace();
  const { certificate, key } = makeCertificate(new Date(NOW - DAY), new Date(NOW + DAY));
  const secret = [
    place.write("rt/config/ftp/server.pem", certificate + key),
    place.write("rt/config/sftp/host_key", "x"),
    place.write("rt/config/upload_keys", "x"),
    place.write("rt/var/plugins/p/own.key", key),
    place.write("rt/var/plugins/p/htpasswd", "x"),
  ];
  place.write("rt/config/sftp/authorized_keys", "x");
  place.write("rt/config/ca.pem", certificate);
  assert.deepEqual(secretFiles(place.layout).toSorted(), secret.toSorted());
});

test("why files are refused is read, a full disk's empty file too, and directories below a watched one count", () => {
  using place = workplace();
  const limits = config({ "data_in.min_free_space": 200, "data_in.min_free_inodes": 1000 });
  const refusing = () => gatherEntrances(place.layout, limits, place.home).refusing;
  assert.equal(refusing(), undefined);
  place.write("rt/var/refusing.json", "");
  assert.deepEqual(refusing(), { since: undefined, reasons: [] });
  const reasons = [{ what: "waiting", text: "too many" }];
  place.write("rt/var/refusing.json", JSON.stringify({ since: "2030-01-01T00:00:00Z", reasons }));
  assert.deepEqual(refusing(), { since: "2030-01-01T00:00:00Z", reasons });
  assert.equal(gatherEntrances(place.layout, limits, place.home).freeBytes, 200 * 2 ** 20);
  place.write("in/a/b/x", "");
  place.write("in/.hidden/x", "");
  const watched = [
    { directory: join(place.home, "in"), steps: [], external: true, recursive: true },
    { directory: join(place.home, "other"), steps: [], external: true },
  ] as const;
  assert.equal(watchedDirectories({ watched } as unknown as FlowConfig), 4);
});

test("settings of plugins name keys and certificates, and servers that their programs connect to", () => {
  const settings = {
    CUSTOM_MQTT_HOSTNAME: "localhost",
    CUSTOM_MQTT_PORT: "1884",
    CUSTOM_MQTT_TLS_CA_FILE: "/no/ca.pem",
    CUSTOM_MQTT_TLS_CERT_FILE: "/no/cert.pem",
    CUSTOM_MQTT_TLS_KEY_FILE: "/no/key.pem",
    CUSTOM_OTHER_KEY_FILE: "relative.pem",
  };
  const plugins = [{ name: "p", settings }] as unknown as readonly Plugin[];
  const planned = plan(service("extra.p.listener", { argv: ["node", "network.ts", "mqttlistener"], plugin: "p" }));
  assert.deepEqual(peersOf(planned, plugins), [
    { service: "extra.p.listener", plugin: "p", host: "localhost", port: 1884 },
  ]);
  assert.deepEqual(keysOf(plugins), ["/no/key.pem"]);
  assert.deepEqual(
    certificatesOf(plugins).map(({ certificate, key }) => [certificate.path, certificate.option, key?.path]),
    [
      ["/no/ca.pem", "[custom] mqtt_tls_ca_file of p", undefined],
      ["/no/cert.pem", "[custom] mqtt_tls_cert_file of p", "/no/key.pem"],
    ],
  );
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
