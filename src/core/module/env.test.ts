import assert from "node:assert/strict";
import { test } from "node:test";
import { baseEnv, logEnv, optionsEnv } from "./env.ts";
import type { Host } from "./host.ts";
import { modulePaths } from "./paths.ts";

const host: Host = {
  name: "alpha",
  fullName: "alpha.lan",
  domain: "lan",
  ip: "10.0.0.1",
  processors: 1,
  cores: 6,
  memoryKiB: 1000,
  user: "mfdata",
  userHome: "/home/mfserv",
  uid: 1000,
};
const paths = modulePaths("mfdata", "/opt/m", { user: "mfdata", userHome: "/home/mfdata", env: {} });
const facts = { paths, host, version: "1.2.3", configurationName: "DEV", configurationNameFromFile: true };

test("the base says where and what the module is", () => {
  const env = baseEnv(facts);
  const expected: Record<string, string> = {
    MFMODULE: "MFDATA",
    MFMODULE_LOWERCASE: "mfdata",
    MFMODULE_HOME: "/opt/m/modules/mfdata",
    MFDATA_HOME: "/opt/m/modules/mfdata",
    MFDATA_VERSION: "1.2.3",
    MFEXT_HOME: "/opt/m/modules/mfext",
    MFMODULE_RUNTIME_HOME: "/home/mfdata",
    MFMODULE_RUNTIME_SUFFIX: "",
    MFCONFIG: "DEV",
    TMPDIR: "/home/mfdata/tmp",
    LC_NUMERIC: "C",
    LAYERAPI2_LAYERS_PATH: "/home/mfdata/var/plugins:/opt/m/layers:/opt/m/modules/mfdata:/opt/m/modules/mfext",
    MFHOSTNAME: "alpha",
    MFHOSTNAME_FULL: "alpha.lan",
    MFDOMAIN: "lan",
    MFHOSTNAME_IP: "10.0.0.1",
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(env[name], value, name);
  assert.match(env["PATH"] ?? "", /^\/opt\/m\/bin:\/opt\/m\/node_modules\/\.bin:\/usr\/local\/sbin:/);
});

test("shares of cores and memory are whole and at least 1", () => {
  const env = baseEnv(facts);
  const shares = Object.entries(env).filter(([name]) => name.startsWith("MFHARDWARE_"));
  assert.deepEqual(Object.fromEntries(shares), {
    MFHARDWARE_NUMBER_OF_PHYSICAL_PROCESSORS: "1",
    MFHARDWARE_NUMBER_OF_CPU_CORES: "6",
    MFHARDWARE_NUMBER_OF_CPU_CORES_PLUS_1: "7",
    MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2: "12",
    MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_2: "3",
    MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_3: "2",
    MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_4: "1",
    MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_6: "1",
    MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_8: "1",
    MFHARDWARE_PHYSICAL_MEMORY: "1000",
    MFHARDWARE_PHYSICAL_MEMORY_DIVIDED_BY_2: "500",
    MFHARDWARE_PHYSICAL_MEMORY_DIVIDED_BY_3: "333",
    MFHARDWARE_PHYSICAL_MEMORY_DIVIDED_BY_4: "250",
    MFHARDWARE_PHYSICAL_MEMORY_DIVIDED_BY_6: "166",
    MFHARDWARE_PHYSICAL_MEMORY_DIVIDED_BY_8: "125",
    MFHARDWARE_PHYSICAL_MEMORY_DIVIDED_BY_16: "62",
  });
});

const EXPORTS: readonly (readonly [texts: Record<string, string>, env: Record<string, string>])[] = [
  [{ "nginx.port": "80" }, { MFDATA_NGINX_PORT: "80" }],
  [{ "a-b.c-d": "1" }, { MFDATA_A_B_C_D: "1" }],
  [{ "a._private": "1" }, {}],
  [{ "admin.hostname": "known" }, { MFDATA_ADMIN_HOSTNAME: "known", MFDATA_ADMIN_HOSTNAME_IP: "10.9.9.9" }],
  [{ "x.db_hostname": "unknown" }, { MFDATA_X_DB_HOSTNAME: "unknown", MFDATA_X_DB_HOSTNAME_IP: "dns_error" }],
  [{ "x.hostname": "null" }, { MFDATA_X_HOSTNAME: "null", MFDATA_X_HOSTNAME_IP: "null" }],
  [{ "x.hostname": "/a/socket" }, { MFDATA_X_HOSTNAME: "/a/socket", MFDATA_X_HOSTNAME_IP: "/a/socket" }],
  [
    { "x.hostnames": "known; unknown" },
    { MFDATA_X_HOSTNAMES: "known; unknown", MFDATA_X_HOSTNAMES_IP: "10.9.9.9;dns_error" },
  ],
  [
    { "x.hostname_ip": "1.1.1.1", "x.hostname": "known" },
    { MFDATA_X_HOSTNAME: "known", MFDATA_X_HOSTNAME_IP: "1.1.1.1" },
  ],
  [{ "x.myhostname": "known" }, { MFDATA_X_MYHOSTNAME: "known" }],
];
for (const [texts, env] of EXPORTS) {
  test(`exports ${JSON.stringify(texts)}`, () => {
    const addresses = new Map([["known", "10.9.9.9"]]);
    assert.deepEqual(optionsEnv("mfdata", new Map(Object.entries(texts)), addresses), env);
  });
}

const SYSLOG: readonly (readonly [flag: string, hostname: string, address: string])[] = [
  ["AUTO", "null", "null"],
  ["AUTO", "admin", "127.0.0.1:5150"],
  ["1", "admin", "127.0.0.1:5150"],
  ["1", "null", "null"],
  ["0", "admin", "null"],
  ["null", "admin", "null"],
];
for (const [flag, hostname, address] of SYSLOG) {
  test(`messages go to ${address} with mfadmin_flag ${flag} and the server ${hostname}`, () => {
    const texts = new Map([
      ["log.mfadmin_flag", flag],
      ["admin.hostname", hostname],
      ["vector.mflog_port", "5150"],
    ]);
    assert.equal(logEnv(paths, texts)["MFLOG_SYSLOG_ADDRESS"], address);
  });
}
