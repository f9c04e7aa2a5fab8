import assert from "node:assert/strict";
import { chmodSync, closeSync, mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { makeCertificate } from "../../../../test/support/certificate.ts";
import { config, host, judge, letOthersPass, NOW, ok, plan, service, web } from "../../../../test/support/doctor.ts";
import { listening, workplace } from "../../../../test/support/workplace.ts";
import type { FlowConfig } from "../../../core/flow/types.ts";
import type { Plugin } from "../../../core/plugin/types.ts";
import { listenUnix } from "../../../kit/linux/socket.ts";
import { gatherAccess } from "./access.ts";
import { gatherCertificate } from "./certificate.ts";
import { gatherEntrances, watchedDirectories } from "./entrances.ts";
import { certificatesOf, keysOf, peersOf } from "./plugins.ts";
import { secretFiles } from "./secrets.ts";
import { gatherStale } from "./stale.ts";
import { attributesIn, volumeOf, waysOf } from "./storage.ts";
import { gatherVariants } from "./variants.ts";

const DAY = 86_400_000;

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
