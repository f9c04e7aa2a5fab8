import { hostname, networkInterfaces, userInfo } from "node:os";
import type { Host } from "../../core/module/host.ts";
import { readTextFile } from "../../kit/fs.ts";
import { addressOf, type InterfaceAddress, memoryOf, namesOf, processorsOf } from "./facts.ts";

/** Finds out what a plan needs to know of this machine. Asks no name service: the same machine gives the same answer. */
export function gatherHost(): Host {
  const hosts = textOf("/etc/hosts");
  const names = namesOf(hostname(), hosts, textOf("/etc/resolv.conf"));
  return {
    ...names,
    ...processorsOf(textOf("/proc/cpuinfo")),
    ip: addressOf(names, hosts, textOf("/proc/net/route"), interfaces()),
    memoryKiB: memoryOf(textOf("/proc/meminfo")),
    ...account(),
    uid: process.getuid?.() ?? 0,
  };
}

function interfaces(): readonly InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter(({ family }) => family === "IPv4").map(({ address, internal }) => ({ name, address, internal })),
  );
}

/** A uid without an account, such as a container's, is a name too. */
function account(): { user: string; userHome: string } {
  try {
    const { username, homedir } = userInfo();
    return { user: username, userHome: homedir };
  } catch {
    return { user: String(process.getuid?.() ?? ""), userHome: "/" };
  }
}

function textOf(path: string): string {
  const read = readTextFile(path);
  return read.ok ? read.text : "";
}
