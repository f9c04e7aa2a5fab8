/** Errors that pass by themselves or by somebody's hand: a full, read-only or failing disk, too many open files. */
const PASSING = new Set(["ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOMEM", "EMFILE", "ENFILE"]);

/** Whether it is the machine that cannot, for now, and not the file that is to blame. */
export function passes(error: unknown): boolean {
  return error instanceof Error && "code" in error && PASSING.has(String(error.code));
}
