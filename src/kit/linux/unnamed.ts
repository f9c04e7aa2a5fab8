import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import koffi from "koffi";
import { splitPath, systemPath } from "../../core/flow/names.ts";
import { libc, systemError } from "./libc.ts";
import { cPath } from "./path.ts";

const linkat = libc.func("int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)");
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
/** open(2): a file without a name, which vanishes with its descriptor unless it is linked. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const { EEXIST } = koffi.os.errno;

/**
 * Makes a file that is whole from the instant its name exists, and of which a death before leaves nothing. False: something
 * has the name already. undefined: the file system cannot, as NFS. Throws system errors.
 */
export function writeWhole(path: string, text: string, mode: number): boolean | undefined {
  const fd = openUnnamed(splitPath(path)[0], mode);
  if (fd === undefined) return undefined;
  try {
    writeFileSync(fd, text);
    if (linkat(AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, cPath(path), AT_SYMLINK_FOLLOW) === 0) return true;
    if (koffi.errno() === EEXIST) return false;
    throw systemError("linkat", path);
  } finally {
    closeSync(fd);
  }
}

function openUnnamed(directory: string, mode: number): number | undefined {
  try {
    return openSync(systemPath(directory), O_TMPFILE | constants.O_WRONLY, mode);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EOPNOTSUPP" || code === "EISDIR") return undefined;
    throw error;
  }
}
