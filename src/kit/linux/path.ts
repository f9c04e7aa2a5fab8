import { nameToBytes } from "../../core/flow/names.ts";

const NUL = Buffer.alloc(1);

/** A path as a C function takes it: text, or NUL-terminated bytes where it is no UTF-8 (see core/flow/names). */
export function cPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : Buffer.concat([nameToBytes(path), NUL]);
}
