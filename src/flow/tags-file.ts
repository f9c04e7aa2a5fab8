import { closeSync, lstatSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX, systemPath } from "../core/flow/names.ts";
import { TAG } from "../core/flow/tags.ts";
import { renameUnlessTaken } from "../kit/linux/rename.ts";
import { uniqueName } from "./ids.ts";

const MODE = 0o644;
/** No tags file is larger, bytes. */
const SIZE_MAX = 1024 * 1024;

/**
 * Writes the tags file of a data file about to appear at `dataPath`, whole and at once. False: the name belongs to
 * another file. One that a death left without its data is known by the uid in it and replaced.
 */
export function writeTagsFile(path: string, dataPath: string, text: string, uid: string): boolean {
  const temporary = posix.join(posix.dirname(path), HIDDEN_PREFIX + uniqueName());
  const fd = openSync(systemPath(temporary), "wx", MODE);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
  if (renameUnlessTaken(temporary, path)) return true;
  if (isAbsent(dataPath) && isTagsOf(path, uid)) {
    renameSync(systemPath(temporary), systemPath(path));
    return true;
  }
  unlinkSync(systemPath(temporary));
  return false;
}

function isTagsOf(path: string, uid: string): boolean {
  const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > SIZE_MAX) return false;
  return readFileSync(systemPath(path), "utf8").includes(`${TAG.uid} = ${uid}\n`);
}

function isAbsent(path: string): boolean {
  return lstatSync(systemPath(path), { throwIfNoEntry: false }) === undefined;
}
