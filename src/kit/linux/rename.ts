import { linkSync, unlinkSync } from "node:fs";
import koffi from "koffi";
import { systemPath } from "../../core/flow/names.ts";
import { libc, systemError } from "./libc.ts";
import { cPath } from "./path.ts";

const renameat2 = libc.func(
  "int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags)",
);
const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;
const { EEXIST, EINVAL, ENOSYS } = koffi.os.errno;

/** Renames in one step unless something has the new name already: false then. Throws system errors (`ENOENT`, `EXDEV`, ...). */
export function renameUnlessTaken(from: string, to: string): boolean {
  if (renameat2(AT_FDCWD, cPath(from), AT_FDCWD, cPath(to), RENAME_NOREPLACE) === 0) return true;
  const errno = koffi.errno();
  if (errno === EEXIST) return false;
  if (errno === EINVAL || errno === ENOSYS) return linkUnlessTaken(from, to);
  throw systemError("renameat2", from);
}

/** For file systems without RENAME_NOREPLACE (NFS): link(2) refuses a taken name as well. */
function linkUnlessTaken(from: string, to: string): boolean {
  try {
    linkSync(systemPath(from), systemPath(to));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  unlinkSync(systemPath(from));
  return true;
}
