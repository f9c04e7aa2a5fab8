import { lstatSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX, systemPath } from "../core/flow/names.ts";
import { TAG } from "../core/flow/tags.ts";
import { renameUnlessTaken } from "../kit/linux/rename.ts";
import { writeWhole } from "../kit/linux/unnamed.ts";
import { uniqueName } from "./ids.ts";

const MODE = 0o644;
/** No tags file is larger, bytes. */
const SIZE_MAX = 1024 * 1024;

/**
 * Writes the tags file of a data file about to appear at `dataPath`, whole and at once. False: the name belongs to
 * another file. One that a death left without its data is known by the uid in it and replaced.
 */
export function writeTagsFile(path: string, dataPath: string, text: string, uid: string): boolean {
  const written = writeWhole(path, text, MODE);
  return written === true || writeNamed(path, dataPath, text, uid);
}

/** Under a hidden name first: for file systems without unnamed files, and to replace what a death left. */
function writeNamed(path: string, dataPath: string, text: string, uid: string): boolean {
  const temporary = posix.join(posix.dirname(path), HIDDEN_PREFIX + uniqueName());
  writeFileSync(systemPath(temporary), text, { flag: "wx", mode: MODE });
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
