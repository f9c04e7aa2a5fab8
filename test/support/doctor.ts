import assert from "node:assert/strict";
import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { Diagnostic } from "../../src/core/base/diagnostic.ts";
import type { ConfigValue, ModuleConfig } from "../../src/core/config/types.ts";
import type { ModuleName } from "../../src/core/module/paths.ts";
import type { Plan, ServiceSpec } from "../../src/core/plan/types.ts";
import { hostChecks, moduleChecks, runModuleCheck } from "../../src/system/doctor/checks/index.ts";
import type {
  EntranceFacts,
  Finding,
  HostFacts,
  ModuleFacts,
  RedisFacts,
  Volume,
} from "../../src/system/doctor/types.ts";

export const NOW = Date.UTC(2030, 0, 15);
export const DAY = 86_400_000;
export const ok = <T>(value: T) => ({ ok: true, value }) as const;
export const unseen = { ok: false, reason: "the door is locked" } as const;

export const disk: Volume = { path: "/rt", device: 1, total: 1e12, free: 5e11, inodes: 1e8, freeInodes: 9e7 };

/** A healthy machine. */
export function host(over: Partial<HostFacts> = {}): HostFacts {
  return {
    uid: 1001,
    user: "op",
    name: { host: "box", address: ok("192.0.2.7") },
    clock: { now: NOW, installed: ok(NOW - 100 * DAY), synchronised: ok(true) },
    kernel: {
      "proc/sys/net/ipv4/ip_unprivileged_port_start": ok("1024"),
      "proc/sys/fs/inotify/max_user_watches": ok("100000"),
      "proc/sys/fs/inotify/max_user_instances": ok("128"),
      "proc/sys/vm/overcommit_memory": ok("1"),
      "sys/kernel/mm/transparent_hugepage/enabled": ok("always [madvise] never"),
      "proc/sys/user/max_user_namespaces": ok("15000"),
      "proc/sys/kernel/unprivileged_userns_clone": ok("1"),
      "proc/sys/kernel/apparmor_restrict_unprivileged_userns": unseen,
    },
    listeners: ok([]),
    inUse: { tasks: 100, inotifyInstances: 3, inotifyWatches: 200 },
    tmp: ok({ ...disk, path: "/tmp" }),
    memory: 8e9,
    install: "sudo apt-get install",
    ...over,
  };
}

export function config(over: Record<string, ConfigValue> = {}): ModuleConfig {
  const values = {
    "nginx.flag": true,
    "nginx.port": 18868,
    "nginx.https_port": null,
    "redis.port": 0,
    "ftp.flag": false,
    "sftp.flag": false,
    ...over,
  };
  const sourced = Object.entries(values).map(
    ([key, value]) => [key, { value, raw: String(value), origin: "default", shadows: [] }] as const,
  );
  return { values: new Map(sourced), configurationName: "GENERIC", env: {} };
}

export function service(id: string, over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    id,
    argv: [`/usr/sbin/${id}`],
    cwd: "/rt",
    environments: [],
    env: {},
    instances: 1,
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: 0 },
    maxAgeS: 0,
    limits: {},
    log: { stdout: "/rt/log" },
    reads: [],
    onChange: "restart",
    tier: 1,
    because: [],
    ...over,
  };
}

export function plan(...services: readonly ServiceSpec[]): Plan {
  const all = [service("nginx"), service("conf_monitor"), ...services];
  return {
    id: "a",
    tree: new Map([["crontab", { text: "# comment\n", mode: 0o640 }]]),
    digests: {},
    directories: [],
    environments: {},
    services: Object.fromEntries(all.map((one) => [one.id, one])),
  } as Partial<Plan> as Plan;
}

export const redis: RedisFacts = {
  policy: "noeviction",
  lastSave: "ok",
  save: "60 1",
  maxMemory: 1e9,
  usedMemory: 1e6,
  hugePages: ok(false),
};

export const entrances: EntranceFacts = { refusing: undefined, freeBytes: 2e8, freeInodes: 1000, volume: ok(disk) };

/** A healthy module that runs. */
export function facts(module: ModuleName, over: Partial<ModuleFacts> = {}): ModuleFacts {
  return {
    paths: { module, root: "/root", home: "/home", mfext: "/ext", runtime: "/rt", etc: "/etc" },
    hidden: [],
    config: ok(config()),
    plan: ok(plan()),
    notes: [],
    inputs: 50,
    watched: 10,
    programs: { node: "/node", nginx: "/usr/sbin/nginx", nginxModules: ["lua"], redis: "/redis", python3: "/python3" },
    helpers: { prlimit: true, setpriv: true, cron: true, libmagic: true },
    run: { state: "RUNNING", supervisor: "answers", pid: 100, services: ["nginx", "conf_monitor", "flow", "redis"] },
    tree: ok({ id: "a", changed: [] }),
    lastApply: undefined,
    volumes: [{ what: "the runtime home", ...ok(disk) }],
    attributes: { path: "/rt/var/in", ...ok(true) },
    ways: [],
    limits: ok({ of: "the supervisor", openFiles: 1_000_000, processes: 10_000 }),
    nginxMayBindLow: ok(false),
    access: [],
    commands: [],
    certificates: [],
    entrances: module === "mfdata" ? entrances : undefined,
    namespaces: undefined,
    peers: [],
    redis: module === "mfdata" ? ok(redis) : undefined,
    stale: { generations: [], sockets: ok([]), claims: [] },
    stranded: module === "mfdata" ? [] : undefined,
    variants: { file: "/etc/metwork.config", present: ok(true), name: "GENERIC", fromFile: true, used: new Map() },
    ...over,
  };
}

/** What one check says. */
export function judge(id: string, module: ModuleFacts, on: HostFacts): readonly Finding[] | undefined {
  const ofHost = hostChecks.find((check) => check.id === id);
  if (ofHost !== undefined) return ofHost.run(on);
  const check = moduleChecks.find((one) => one.id === id);
  return check === undefined ? undefined : runModuleCheck(check, module, on);
}

export const web = (over: Partial<ModuleFacts>): ModuleFacts => facts("mfserv", over);
export const files = (over: Partial<ModuleFacts>): ModuleFacts => facts("mfdata", over);
export const kernel = (over: Partial<HostFacts["kernel"]>): HostFacts =>
  host({ kernel: { ...host().kernel, ...over } });
export const note = (code: Diagnostic["code"], message: string): Diagnostic => ({
  code,
  severity: "error",
  message,
  at: { file: "/p/config.ini", line: 3, col: 1, length: 1 },
  plugin: "p",
  fix: "mend it",
});
export const stopped = { state: "STOPPED", supervisor: "absent", services: [] } as const;

/** `expected`: the states found, in order; `-` nothing; `n/a` it does not apply. `says`: place, message and fix, a line each. */
export type Row = readonly [
  what: string,
  id: string,
  module: ModuleFacts,
  on: HostFacts,
  expected: string,
  says: RegExp,
];

/** One test a row, and one that every check named here finds a fault in some row, each fault with its fix. */
export function testRows(ids: readonly string[], rows: readonly Row[]): void {
  for (const [what, id, module, on, expected, says] of rows) {
    test(`${id}: ${what}`, () => {
      const found = judge(id, module, on);
      const states = found?.map(({ state }) => state).join(" ") ?? "n/a";
      assert.equal(states === "" ? "-" : states, expected);
      const said = (found ?? []).map(({ place, message, fix }) => [place, message, fix].join("\n")).join("\n");
      assert.match(said, says);
    });
  }
  test(`${ids.join(", ")}: each finds a fault above, each fault has a fix`, () => {
    const found = rows.flatMap(([, id, module, on]) => judge(id, module, on)?.map((one) => ({ id, ...one })) ?? []);
    const faults = found.filter(({ state }) => state !== "UNKNOWN");
    assert.deepEqual([...new Set(faults.map(({ id }) => id))].sort(), [...ids].sort());
    assert.deepEqual(
      faults.filter(({ fix }) => fix === undefined),
      [],
    );
  });
}

/** Lets everybody pass the directories that lead to a path, as on a machine without private temporary directories. */
export function letOthersPass(path: string): void {
  for (let above = path; above !== dirname(above); above = dirname(above)) {
    const { mode, uid } = statSync(above);
    if (uid === process.geteuid?.() && (mode & 0o001) === 0) chmodSync(above, (mode & 0o7777) | 0o001);
  }
}
