import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import { systemPath } from "../../core/flow/names.ts";
import { libc } from "./libc.ts";

const fcntl = libc.func("int fcntl(int fd, int command, int argument)");
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;

/** Whether somebody has a file open for writing; "unknown": this file system or the file's owner does not let us ask. */
export type Writing = "yes" | "no" | "unknown";

// Opening for writing between our two calls breaks the lease, and the signal it sends would end the process.
process.on("SIGIO", () => undefined);

/** Asks the kernel by taking a read lease, which it refuses while the file is open for writing, and giving it back. */
export function isBeingWritten(path: string): Writing {
  let fd: number;
  try {
    fd = openSync(systemPath(path), "r");
  } catch {
    return "unknown";
  }
  try {
    if (fcntl(fd, F_SETLEASE, F_RDLCK) !== 0) return koffi.errno() === koffi.os.errno["EAGAIN"] ? "yes" : "unknown";
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return "no";
  } finally {
    closeSync(fd);
  }
}
