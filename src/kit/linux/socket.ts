import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fitsSocketAddress } from "../sock.ts";
import { libc, systemError } from "./libc.ts";

const socketCall = libc.func("int socket(int domain, int type, int protocol)");
const bindCall = libc.func("int bind(int fd, const void *address, unsigned int length)");
const listenCall = libc.func("int listen(int fd, int backlog)");
const pollCall = libc.func("int poll(_Inout_ void *fds, unsigned long count, int timeout)");

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const POLLIN = 1;

/** A fresh path in the same directory, from which a socket can be renamed over `path` in one step. */
export function besideSocket(path: string): string {
  const telling = `${path}.${randomBytes(3).toString("hex")}`;
  return fitsSocketAddress(telling) ? telling : join(dirname(path), `.${randomBytes(3).toString("hex")}`);
}

/**
 * Listens on a unix stream socket (blocking, close-on-exec, mode 0600) and gives its descriptor, which the caller closes.
 * Connections wait in the backlog until somebody accepts them; the kernel caps it at net.core.somaxconn.
 * Fails with EADDRINUSE when the path exists. Throws system errors; ENAMETOOLONG over 107 bytes.
 */
export function listenUnix(path: string, backlog = 4096): number {
  if (!fitsSocketAddress(path)) {
    throw Object.assign(new Error(`ENAMETOOLONG: bind '${path}'`), { code: "ENAMETOOLONG", syscall: "bind", path });
  }
  const fd: number = socketCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError("socket");
  const address = Buffer.alloc(2 + Buffer.byteLength(path) + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  try {
    if (bindCall(fd, address, address.length) !== 0) throw systemError("bind", path);
    // Nobody can connect before listen, so the mode is in force from the first connection on.
    chmodSync(path, 0o600);
    if (listenCall(fd, backlog) !== 0) throw systemError("listen", path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/**
 * Like listenUnix, but takes the path over from whatever stands there: at no instant does a client find it missing.
 * `temporary`: where it is bound, which the kernel knows it by for ever.
 */
export function listenUnixOver(path: string, backlog?: number, temporary = besideSocket(path)): number {
  if (!fitsSocketAddress(path)) return listenUnix(path, backlog);
  const fd = listenUnix(temporary, backlog);
  try {
    renameSync(temporary, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** Whether connections wait in the backlog of a listening socket that nobody has accepted yet. */
export function hasWaitingConnections(fd: number): boolean {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  entry.writeInt16LE(POLLIN, 4);
  return pollCall(entry, 1, 0) === 1 && (entry.readInt16LE(6) & POLLIN) !== 0;
}
