import koffi from "koffi";

/** The C library, loaded once; each file of this folder declares the few functions it needs. */
export const libc = koffi.load("libc.so.6");

/** An error of a system call, shaped like Node's own (`code` such as `ENOENT`). */
export function systemError(call: string, path?: string): NodeJS.ErrnoException {
  const errno = koffi.errno();
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
  const error: NodeJS.ErrnoException = new Error(
    path === undefined ? `${code}: ${call}` : `${code}: ${call} '${path}'`,
  );
  error.errno = -errno;
  error.code = code;
  error.syscall = call;
  if (path !== undefined) error.path = path;
  return error;
}
