import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Listener, Seen } from "../types.ts";
import { look } from "./seen.ts";

/** A listener as the kernel tells it: who holds it is found by its inode. */
export interface KernelListener extends Omit<Listener, "process"> {
  readonly inode: string;
}

const TABLES = [
  ["tcp", 4],
  ["tcp", 6],
  ["udp", 4],
  ["udp", 6],
] as const;
const LISTENING = { tcp: "0A", udp: "07" } as const;

/** Every TCP port somebody listens on and every unconnected UDP port of this network namespace, proc(5). */
export function gatherListeners(proc = "/proc"): Seen<readonly KernelListener[]> {
  return look(() =>
    TABLES.flatMap(([protocol, family]) => {
      const path = join(proc, "net", family === 4 ? protocol : `${protocol}6`);
      return parseListeners(family === 4 ? readFileSync(path, "latin1") : readOptional(path), protocol, family);
    }),
  );
}

/** Reads a table of /proc/net: `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode`. */
export function parseListeners(text: string, protocol: "tcp" | "udp", family: 4 | 6): KernelListener[] {
  const wanted = ` ${LISTENING[protocol]} `;
  return text.split("\n").flatMap((line) => {
    if (!line.includes(wanted)) return [];
    const [, local = "", , state, , , , uid, , inode = ""] = line.trim().split(/\s+/);
    if (state !== LISTENING[protocol]) return [];
    const [address = "", port = ""] = local.split(":");
    return [{ protocol, family, port: Number.parseInt(port, 16), address: kindOf(address), uid: Number(uid), inode }];
  });
}

/** Addresses are 32-bit words in the machine's order: 127.0.0.1 is 0100007F on all we run on. */
function kindOf(hex: string): Listener["address"] {
  if (/^0+$/.test(hex)) return "any";
  if (hex.length === 8) return hex.endsWith("7F") ? "loopback" : "other";
  return hex === "00000000000000000000000001000000" || /^0{16}FFFF0000.{6}7F$/.test(hex) ? "loopback" : "other";
}

/** A kernel without IPv6 has no such tables. */
function readOptional(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Paths of the unix sockets somebody listens on, proc(5). */
export function listeningPaths(proc = "/proc"): Seen<ReadonlySet<string>> {
  return look(() => {
    const lines = readFileSync(join(proc, "net", "unix"), "utf8").split("\n");
    return new Set(lines.flatMap((line) => /^\S+(?: \S+){6}\s+(\S.*)$/.exec(line.replace(/ +/g, " "))?.[1] ?? []));
  });
}
