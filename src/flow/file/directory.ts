import { mkdirSync } from "node:fs";
import { posix } from "node:path";
import { systemPath } from "../../core/flow/names.ts";
import { codeOf } from "../errors.ts";

/** Makes a directory and its parents. Not `recursive` of Node, which never ends where the kernel says ENOENT, as in /proc. */
export function makeDirectory(path: string, mode = 0o755): void {
  try {
    makeOne(path, mode);
  } catch (error) {
    const parent = posix.dirname(path);
    if (codeOf(error) !== "ENOENT" || parent === path) throw error;
    makeDirectory(parent, mode);
    makeOne(path, mode);
  }
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(systemPath(path), { mode });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}
