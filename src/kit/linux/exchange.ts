import { libc, systemError } from "./libc.ts";

const renameat2 = libc.func(
  "int renameat2(int olddir, const char *old, int newdir, const char *new, unsigned int flags)",
);
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

/** Swaps two existing paths of one file system in one step: at no instant is either of them missing. */
export function exchange(one: string, other: string): void {
  if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) !== 0) throw systemError("renameat2", one);
}
