import { libc } from "./libc.ts";

const statx = libc.func("int statx(int fd, const char *path, int flags, unsigned int mask, _Out_ void *status)");
const AT_EMPTY_PATH = 0x1000;
const STATX_TYPE_MODE_SIZE = 0x1 | 0x2 | 0x200;
/** Of struct statx, which is the same on every machine. */
const BYTES = 256;
const MODE_AT = 28;
const SIZE_AT = 40;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const SET_ID_OR_STICKY = 0o7000;

const status = Buffer.allocUnsafeSlow(BYTES);

/**
 * Whether an open file is regular, not empty, and without set-id and sticky bits: of such a file libmagic says by its descriptor
 * what it says by its path.
 */
export function isPlain(fd: number): boolean {
  if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE_MODE_SIZE, status) !== 0) return false;
  const mode = status.readUInt16LE(MODE_AT);
  return (mode & S_IFMT) === S_IFREG && (mode & SET_ID_OR_STICKY) === 0 && status.readBigUInt64LE(SIZE_AT) > 0n;
}
