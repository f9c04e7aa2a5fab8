import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, memoryOf, namesOf, processorsOf } from "./facts.ts";

function cpuinfo(...threads: readonly (readonly [socket: number, core: number])[]): string {
  return threads
    .map(([socket, core], index) => `processor\t: ${index}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`)
    .join("\n");
}

const MACHINES: readonly (readonly [name: string, text: string, processors: number, cores: number])[] = [
  ["two threads a core", cpuinfo([0, 0], [0, 1], [0, 0], [0, 1]), 1, 2],
  ["two sockets with equal core numbers", cpuinfo([0, 0], [0, 1], [1, 0], [1, 1]), 2, 4],
  ["ARM, which tells no cores", "processor\t: 0\nFeatures : fp\n\nprocessor\t: 1\n\nHardware : x\n", 1, 2],
  ["nothing", "", 1, 1],
];
for (const [name, text, processors, cores] of MACHINES) {
  test(`counts processors and cores: ${name}`, () => assert.deepEqual(processorsOf(text), { processors, cores }));
}

test("reads the memory", () => assert.equal(memoryOf("MemTotal:       16384 kB\nMemFree: 1 kB\n"), 16384));

const NAMES: readonly (readonly [hostname: string, hosts: string, resolv: string, full: string, domain: string])[] = [
  ["alpha", "127.0.1.1 alpha.lan alpha # me", "", "alpha.lan", "lan"],
  ["alpha", "10.0.0.1 alpha alpha.lan\n", "search other", "alpha.lan", "lan"],
  ["alpha.b.c", "", "domain d", "alpha.b.c", "b.c"],
  ["alpha", "", "nameserver 1.1.1.1\nsearch one. two\n", "alpha.one", "one"],
  ["alpha", "", "", "alpha", ""],
  ["alpha", "127.0.0.1 localhost.localdomain localhost", "", "alpha", ""],
];
for (const [hostname, hosts, resolv, fullName, domain] of NAMES) {
  test(`names ${hostname} with ${JSON.stringify(hosts + resolv)}`, () => {
    assert.deepEqual(namesOf(hostname, hosts, resolv), { name: "alpha", fullName, domain });
  });
}

const names = { name: "alpha", fullName: "alpha.lan", domain: "lan" };
const interfaces = [
  { name: "lo", address: "127.0.0.1", internal: true },
  { name: "eth1", address: "10.1.0.1", internal: false },
  { name: "eth0", address: "10.0.0.1", internal: false },
];
const route = (name: string, metric: number): string =>
  `${name}\t00000000\t01\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;
const ADDRESSES: readonly (readonly [what: string, hosts: string, routes: string, address: string])[] = [
  ["of its name", "127.0.1.1 alpha\n192.168.1.9 alpha.lan", route("eth1", 1), "192.168.1.9"],
  ["of the default route", "127.0.1.1 alpha", `Iface\tDestination\n${route("eth0", 9)}${route("eth1", 1)}`, "10.1.0.1"],
  ["of any interface", "", "", "10.0.0.1"],
];
for (const [what, hosts, routes, address] of ADDRESSES) {
  test(`takes the address ${what}`, () => assert.equal(addressOf(names, hosts, routes, interfaces), address));
}
test("a machine without a network has its own address", () => assert.equal(addressOf(names, "", "", []), "127.0.0.1"));
