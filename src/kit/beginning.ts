import { closeSync, openSync, readSync } from "node:fs";
import { passes } from "./passing.ts";

/** The printable ASCII characters among the first bytes, as many as the buffer holds. undefined: the file may not be read. */
export function readBeginning(path: string, buffer: Buffer): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (passes(error)) throw error;
    return undefined;
  }
  try {
    const length = readSync(fd, buffer, 0, buffer.length, 0);
    return buffer
      .toString("latin1", 0, length)
      .replace(/[^ -~]/g, "")
      .trim();
  } finally {
    closeSync(fd);
  }
}
