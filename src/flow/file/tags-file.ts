import { lstatSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX, systemPath } from "../../core/flow/names.ts";
import { TAG } from "../../core/flow/tags.ts";
import { renameUnlessTaken } from "../../kit/linux/rename.ts";
import { writeWhole } from "../../kit/linux/unnamed.ts";
import { digest } from "../../kit/tags.ts";

const MODE = 0o644;
/** No tags file is larger, bytes. */
const SIZE_MAX = 1024 * 1024;

/** What a tags file is to hold; or where it is prepared, on the file system of its place. */
export type TagsContent = { readonly text: string } | { readonly prepared: string };

/** Writes a tags file under a hidden name. */
export function prepareTagsFile(path: string, text: string): void {
  writeFileSync(systemPath(path), text, { encoding: "utf8", flag: "wx", mode: MODE });
}

/**
 * Writes the tags file of a data file about to appear at `dataPath`, whole and at once. False: the name belongs to
 * another file. One that a death left without its data is known by the uid in it and replaced.
 */
export function writeTagsFile(path: string, dataPath: string, content: TagsContent, uid: string): boolean {
  if ("prepared" in content) return give(content.prepared, path, dataPath, uid);
  if (writeWhole(path, content.text, MODE)) return true;
  // For file systems without unnamed files, and to replace what a death left. The same name each time, so that none stays.
  const temporary = posix.join(posix.dirname(path), `${HIDDEN_PREFIX}new.${digest(path)}`);
  writeFileSync(systemPath(temporary), content.text, { encoding: "utf8", mode: MODE });
  if (give(temporary, path, dataPath, uid)) return true;
  unlinkSync(systemPath(temporary));
  return false;
}

function give(prepared: string, path: string, dataPath: string, uid: string): boolean {
  if (renameUnlessTaken(prepared, path)) return true;
  if (!isAbsent(dataPath) || !isTagsOf(path, uid)) return false;
  renameSync(systemPath(prepared), systemPath(path));
  return true;
}

function isTagsOf(path: string, uid: string): boolean {
  const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > SIZE_MAX) return false;
  return readFileSync(systemPath(path), "utf8").includes(`${TAG.uid} = ${uid}\n`);
}

function isAbsent(path: string): boolean {
  return lstatSync(systemPath(path), { throwIfNoEntry: false }) === undefined;
}
