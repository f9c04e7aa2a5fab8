import { chmodSync, lstatSync } from "node:fs";
import { posix } from "node:path";
import { systemPath } from "../../core/flow/names.ts";
import { codeOf } from "../errors.ts";

const WRITE = 0o222;
/** Of the module's user and group, as directories that outsiders write to are made. */
const OPEN = 0o220;

/** Directories whose servers ask nobody whether there is room: closed, no name in them can be made, changed or removed. */
const closed = new Set<string>();

/** Closes these directories and opens all others of `known`. What is there already, or being written, stays as it is. */
export function closeDirectories(these: readonly string[], known: readonly string[]): void {
  for (const directory of new Set([...closed, ...known])) {
    if (!these.includes(directory) && setWritable(directory, true)) closed.delete(directory);
  }
  // Each time again: whoever sets up the module's directories gives them their modes.
  for (const directory of these) if (setWritable(directory, false)) closed.add(directory);
}

/** Does something to the name `path`, for which its directory is opened if it is closed, for that moment only. */
export function inClosed<T>(path: string, act: () => T): T {
  const directory = posix.dirname(path);
  if (!closed.has(directory)) return act();
  setWritable(directory, true);
  try {
    return act();
  } finally {
    setWritable(directory, false);
  }
}

/** Returns false when it is not there. */
function setWritable(directory: string, isWritable: boolean): boolean {
  const path = systemPath(directory);
  try {
    const { mode } = lstatSync(path);
    const wanted = (mode & 0o7777 & ~WRITE) | (isWritable ? OPEN | (mode & WRITE) : 0);
    if (wanted !== (mode & 0o7777)) chmodSync(path, wanted);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
