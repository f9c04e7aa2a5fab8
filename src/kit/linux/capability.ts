import { readFileSync, realpathSync } from "node:fs";
import koffi from "koffi";
import { libc, systemError } from "./libc.ts";

const getxattr = libc.func("intptr_t getxattr(const char *path, const char *name, void *value, size_t size)");

/** CAP_NET_BIND_SERVICE of capabilities(7). */
export const NET_BIND_SERVICE = 10;
const EFFECTIVE = 1;

/** Whether a program gets a capability from its file: it is in the permitted set, and effective from the start. */
export function fileGives(program: string, capability: number): boolean {
  // struct vfs_cap_data: magic with flags, then permitted and inheritable, 32 bits each.
  const data = Buffer.alloc(24);
  const length = Number(getxattr(realpathSync(program), "security.capability", data, data.length));
  if (length < 8) {
    const errno = koffi.errno();
    const none = length >= 0 || errno === koffi.os.errno["ENODATA"] || errno === koffi.os.errno["EOPNOTSUPP"];
    if (none) return false;
    throw systemError("getxattr", program);
  }
  const isEffective = (data.readUInt32LE(0) & EFFECTIVE) !== 0;
  return isEffective && ((data.readUInt32LE(4) >>> capability) & 1) === 1;
}

/** Whether a program this process starts has a capability without getting it from its file. */
export function startedHave(capability: number): boolean {
  const status = readFileSync("/proc/self/status", "latin1");
  // Root's programs get what the bounding set allows, those of others only what is ambient.
  const set = process.geteuid?.() === 0 ? "CapBnd" : "CapAmb";
  const bits = BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)`, "m").exec(status)?.[1] ?? "0"}`);
  return ((bits >> BigInt(capability)) & 1n) === 1n;
}
