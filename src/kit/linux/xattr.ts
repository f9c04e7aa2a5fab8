import koffi from "koffi";
import { libc, systemError } from "./libc.ts";
import { cPath } from "./path.ts";

const lgetxattr = libc.func("intptr_t lgetxattr(const char *path, const char *name, void *value, size_t size)");
const lsetxattr = libc.func(
  "int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)",
);
const fsetxattr = libc.func("int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)");
const lremovexattr = libc.func("int lremovexattr(const char *path, const char *name)");

/** The kernel's own limit for one attribute (XATTR_SIZE_MAX), bytes. */
const VALUE_MAX = 65_536;
const buffer = Buffer.allocUnsafeSlow(VALUE_MAX);
/** The kernel makes, and clears, as much memory as it is told there is room: nearly all values have some hundred bytes. */
const VALUE_USUAL = 4096;

const { ENODATA, ENOENT, EOPNOTSUPP, ENOSPC, E2BIG, ERANGE, EDQUOT, EACCES, EPERM } = koffi.os.errno;
const UNABLE = new Set([EOPNOTSUPP, ENOSPC, E2BIG, ERANGE, EDQUOT, EACCES, EPERM]);

/** The attribute's value as UTF-8 text. undefined: the file has none, may not be read, or is gone. Links are not followed. */
export function getXattr(path: string, name: string): string | undefined {
  const at = cPath(path);
  let length = Number(lgetxattr(at, name, buffer, VALUE_USUAL));
  if (length < 0 && koffi.errno() === ERANGE) length = Number(lgetxattr(at, name, buffer, VALUE_MAX));
  if (length >= 0) return buffer.toString("utf8", 0, length);
  const errno = koffi.errno();
  if (errno === ENODATA || errno === ENOENT || UNABLE.has(errno)) return undefined;
  throw systemError("lgetxattr", path);
}

/** Whether a file has the attribute; "gone": there is no such file. Links are not followed. */
export function hasXattr(path: string, name: string): boolean | "gone" {
  if (Number(lgetxattr(cPath(path), name, null, 0)) >= 0) return true;
  const errno = koffi.errno();
  if (errno === ENOENT) return "gone";
  if (errno === ENODATA || UNABLE.has(errno)) return false;
  throw systemError("lgetxattr", path);
}

/** Sets the attribute in one system call, so that a reader sees the old value or the new one. False: this file cannot have it. */
export function setXattr(path: string, name: string, value: string): boolean {
  const length = buffer.write(value, 0, "utf8");
  const fits = length < VALUE_MAX;
  if (fits && lsetxattr(cPath(path), name, buffer, length, 0) === 0) return true;
  if (!fits || UNABLE.has(koffi.errno())) return false;
  throw systemError("lsetxattr", path);
}

/** Takes the attribute away; a file that has none, or is gone, is fine. */
export function removeXattr(path: string, name: string): void {
  if (lremovexattr(cPath(path), name) === 0) return;
  const errno = koffi.errno();
  if (errno === ENODATA || errno === ENOENT || UNABLE.has(errno)) return;
  throw systemError("lremovexattr", path);
}

/** Whether an open file can have user attributes. Sets one on it to find out. */
export function canHaveXattr(fd: number): boolean {
  const length = buffer.write("1", 0, "utf8");
  if (fsetxattr(fd, "user.metwork", buffer, length, 0) === 0) return true;
  const errno = koffi.errno();
  if (errno === EOPNOTSUPP || errno === ENOSPC || errno === EDQUOT) return false;
  throw systemError("fsetxattr");
}
