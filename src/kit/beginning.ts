import { closeSync, openSync, readSync } from "node:fs";
import { passes } from "./passing.ts";

/** Opens a file for reading. undefined: it may not be read. Throws what passes (see kit/passing). */
export function openForLook(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (passes(error)) throw error;
    return undefined;
  }
}

/** The printable ASCII characters among the first bytes, as many as the buffer holds. */
export function beginningOf(fd: number, buffer: Buffer): string {
  const length = readSync(fd, buffer, 0, buffer.length, 0);
  return buffer
    .toString("latin1", 0, length)
    .replace(/[^ -~]/g, "")
    .trim();
}

/** The same of a file by its path; undefined: it may not be read. */
export function readBeginning(path: string, buffer: Buffer): string | undefined {
  const fd = openForLook(path);
  if (fd === undefined) return undefined;
  try {
    return beginningOf(fd, buffer);
  } finally {
    closeSync(fd);
  }
}
