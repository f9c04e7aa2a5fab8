import { constants, writeSync } from "node:fs";
import koffi from "koffi";
import { splitPath } from "../../core/flow/names.ts";
import { libc, systemError } from "./libc.ts";
import { cPath } from "./path.ts";

// Straight to the C library: node:fs takes as long again for what it does around each of these calls.
const open = libc.func("int open(const char *path, int flags, unsigned int mode)");
const write = libc.func("intptr_t write(int fd, const void *bytes, size_t count)");
const linkat = libc.func("int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)");
const close = libc.func("int close(int fd)");
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
/** open(2): a file without a name, which vanishes with its descriptor unless it is linked. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const O_CLOEXEC = 0o2000000;
const { EEXIST, EISDIR, ENOENT, EOPNOTSUPP } = koffi.os.errno;

const buffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Kernels before 6.10 let only some link a descriptor by itself; the way through /proc is for all. */
let canLinkDescriptor = true;

/**
 * Makes a file that is whole from the instant its name exists, and of which a death before leaves nothing. False: something
 * has the name already. undefined: the file system cannot, as NFS. Throws system errors.
 */
export function writeWhole(path: string, text: string, mode: number): boolean | undefined {
  const [directory] = splitPath(path);
  const fd: number = open(cPath(directory), O_TMPFILE | constants.O_WRONLY | O_CLOEXEC, mode);
  if (fd < 0) {
    const errno = koffi.errno();
    if (errno === EOPNOTSUPP || errno === EISDIR) return undefined;
    throw systemError("open", directory);
  }
  try {
    writeAll(fd, text);
    if (link(fd, path)) return true;
    if (koffi.errno() === EEXIST) return false;
    throw systemError("linkat", path);
  } finally {
    close(fd);
  }
}

function writeAll(fd: number, text: string): void {
  // A character takes three bytes at most.
  const bytes = text.length * 3 <= buffer.length ? buffer.subarray(0, buffer.write(text)) : Buffer.from(text);
  const written = Number(write(fd, bytes, bytes.length));
  if (written < 0) throw systemError("write");
  for (let at = written; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function link(fd: number, path: string): boolean {
  if (canLinkDescriptor) {
    if (linkat(fd, "", AT_FDCWD, cPath(path), AT_EMPTY_PATH) === 0) return true;
    if (koffi.errno() !== ENOENT) return false;
    canLinkDescriptor = false;
  }
  return linkat(AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, cPath(path), AT_SYMLINK_FOLLOW) === 0;
}
