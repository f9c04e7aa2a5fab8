import { chmodSync, copyFileSync, lstatSync, renameSync, unlinkSync, utimesSync } from "node:fs";
import { copyFile, open, utimes } from "node:fs/promises";
import { posix } from "node:path";
import { HIDDEN_PREFIX, pathIn, splitPath, systemPath } from "../../core/flow/names.ts";
import { freeName, tagsFileName } from "../../core/flow/placement.ts";
import { moveRecord } from "../../core/flow/recovery.ts";
import { formatTags, TAG } from "../../core/flow/tags.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import type { GroupCommit } from "../../kit/group-commit.ts";
import { renameUnlessTaken } from "../../kit/linux/rename.ts";
import { passes } from "../../kit/passing.ts";
import { clearTags, digest, dropSidecar, type TagPlace, writeTags } from "../../kit/tags.ts";
import { codeOf } from "../errors.ts";
import { patiently } from "../patience.ts";
import type { FlowFile } from "../types.ts";
import { Copying } from "./across.ts";
import { makeDirectory } from "./directory.ts";
import { discard } from "./discard.ts";
import { uniqueName } from "./ids.ts";
import { prepareTagsFile, type TagsContent, writeTagsFile } from "./tags-file.ts";

/** Copying more than this on the main thread would hold up the others. Bytes. */
const COPY_INLINE_MAX = 256 * 1024;

/** Renames a claimed file and its tags to a path nobody else uses; the target directory is made when it is missing. */
export function moveFile(file: FlowFile, from: string, to: string, shared = file.shared): void {
  const before = file.place;
  file.place = inDirectory(to, () => writeTags(from, to, file.tags, shared, moveRecord(from, to)));
  checkpoint("tagged");
  inDirectory(to, () => renameSync(systemPath(from), systemPath(to)), from);
  file.path = to;
  checkpoint("moved");
  if (before === "sidecar" || file.place === "sidecar") dropSidecar(from);
}

/** A file to be placed, as another thread is told of it; flat, which is cheaper between threads than what it is made from. */
export type Order = readonly [
  from: string,
  directory: string,
  name: string,
  tagsSuffix: string,
  tags: string,
  uid: string,
  place: TagPlace | undefined,
  chmod: number | undefined,
];

/** How a file is put where outsiders read it. */
export interface Placement {
  readonly directory: string;
  /** May have sub-directories in front. */
  readonly name: string;
  /** Suffix of the file that gets the tags; empty: none is written. */
  readonly tagsSuffix: string;
  readonly chmod?: number | undefined;
  /** An equal name is replaced; otherwise another name is chosen. */
  readonly replace?: boolean;
  readonly keepTags?: boolean;
  /** It and its tags are on the disk when it is placed. */
  readonly commit?: GroupCommit | undefined;
}

/** Puts a claimed file in a directory outside the pipeline; returns its path there. Across file systems it is copied. */
export function placeFile(file: FlowFile, from: string, placement: Placement): string | Promise<string> {
  return placement.commit === undefined
    ? placeNow(file, from, placement)
    : placeDurably(file, from, placement, placement.commit);
}

/** Content first, then the names: a loss of power leaves it where it was, or there with its tags. */
async function placeDurably(file: FlowFile, from: string, placement: Placement, commit: GroupCommit): Promise<string> {
  const directory = posix.dirname(posix.join(placement.directory, placement.name));
  const tags = placement.tagsSuffix === "" ? undefined : posix.join(directory, HIDDEN_PREFIX + uniqueName());
  try {
    if (tags !== undefined) inDirectory(tags, () => prepareTagsFile(tags, formatTags(file.tags)));
    await commit.sync(tags === undefined ? [from] : [from, tags]);
    const path = await placeNow(file, from, placement, tags);
    await commit.sync([`${directory}/`]);
    return path;
  } catch (error) {
    if (tags !== undefined) discard(tags);
    throw error;
  }
}

/** Places it before it returns, whatever else is to be placed. `tags`: a tags file that was prepared. */
export function placeNow(file: FlowFile, from: string, placement: Placement, tags?: string): string | Promise<string> {
  try {
    if (placement.chmod !== undefined) chmodSync(from, placement.chmod);
    return put(file, from, from, placement, tags);
  } catch (error) {
    if (codeOf(error) !== "EXDEV" && !(codeOf(error) === "EPERM" && placement.chmod !== undefined)) throw error;
    return placeCopy(file, from, placement, tags);
  }
}

/** The copy is seen once: until it is, the file is only here, and from then on what is here is thrown away. */
async function placeCopy(file: FlowFile, from: string, placement: Placement, tags?: string): Promise<string> {
  const directory = posix.dirname(posix.join(placement.directory, placement.name));
  makeDirectory(directory);
  const copy = posix.join(directory, HIDDEN_PREFIX + uniqueName());
  const copying = new Copying(from, copy);
  let path: string;
  try {
    await copyFile(from, systemPath(copy));
    await syncFile(copy);
    if (placement.chmod !== undefined) chmodSync(systemPath(copy), placement.chmod);
    await syncFile(directory);
    checkpoint("copied");
    copying.decide();
    path = put(file, copy, from, placement, tags);
  } catch (error) {
    copying.undo();
    throw error;
  }
  await patiently(() => syncFile(directory));
  await patiently(() => discard(from));
  copying.end();
  return path;
}

/** Renames `source` to its final name, its tags file in place before it. */
function put(file: FlowFile, source: string, from: string, placement: Placement, tags?: string): string {
  const wanted = pathIn(placement.directory, placement.name);
  const before = file.place;
  if (placement.keepTags) keepTagsFor(file, source, from, wanted);
  const path = placement.replace ? replaceAt(source, wanted) : putFree(file, source, wanted, placement, tags);
  checkpoint("placed");
  file.path = undefined;
  if (!placement.keepTags) clearTagsOf(path, file.place);
  if (before === "sidecar" || file.place === "sidecar") dropSidecar(from);
  return path;
}

/** The file is where it belongs: what the disk does not let go then must not move it again. */
function clearTagsOf(path: string, place: TagPlace | undefined): void {
  try {
    clearTags(path, place);
  } catch (error) {
    if (!passes(error)) throw error;
  }
}

/** The tags go with the file, and say where to: nobody ever sees it there without them. */
function keepTagsFor(file: FlowFile, source: string, from: string, to: string): void {
  const isCopy = source !== from;
  file.place = inDirectory(to, () => {
    const there = lstatSync(systemPath(posix.dirname(to)));
    // A record that leads to another file system could not be followed after a death.
    if (!isCopy && there.dev !== lstatSync(from).dev) throw Object.assign(new Error("EXDEV"), { code: "EXDEV" });
    return writeTags(source, to, file.tags, file.shared && !isCopy, isCopy ? undefined : moveRecord(from, to, true));
  });
}

/** What placeNow does for a file in the archive's way, known by what another thread can be told. Throws what the system says. */
export function placeOrder([from, directory, name, tagsSuffix, text, uid, place, chmod]: Order): string {
  if (chmod !== undefined) chmodSync(from, chmod);
  const path = putNamed(from, { wanted: pathIn(directory, name), tagsSuffix, uid }, { text });
  checkpoint("placed");
  clearTagsOf(path, place);
  if (place === "sidecar") dropSidecar(from);
  return path;
}

function replaceAt(source: string, path: string): string {
  inDirectory(path, () => renameSync(systemPath(source), systemPath(path)), source);
  return path;
}

function putFree(file: FlowFile, source: string, wanted: string, placement: Placement, tags?: string): string {
  const text = placement.tagsSuffix === "" || tags !== undefined ? "" : formatTags(file.tags);
  const named = { wanted, tagsSuffix: placement.tagsSuffix, uid: file.tags.get(TAG.uid) ?? "" };
  return putNamed(source, named, tags === undefined ? { text } : { prepared: tags });
}

/** The first free name gets the file, its tags file in place before it. */
function putNamed(
  source: string,
  { wanted, tagsSuffix, uid }: { readonly wanted: string; readonly tagsSuffix: string; readonly uid: string },
  content: TagsContent,
): string {
  const [directory, name] = splitPath(wanted);
  for (let attempt = 0; ; attempt++) {
    const candidate = freeName(name, uid, attempt);
    const path = pathIn(directory, candidate);
    if (tagsSuffix === "") {
      if (inDirectory(path, () => renameUnlessTaken(source, path), source)) return path;
      continue;
    }
    const tagsPath = pathIn(directory, tagsFileName(candidate, tagsSuffix, digest));
    if (!inDirectory(path, () => writeTagsFile(tagsPath, path, content, uid))) continue;
    checkpoint("pair-half");
    if (renameUnlessTaken(source, path)) return path;
    if ("text" in content) unlinkSync(systemPath(tagsPath));
    else renameSync(systemPath(tagsPath), systemPath(content.prepared));
  }
}

/** Copies a file with its times; a large one on another thread. */
export function copyContent(from: string, to: string, size: number): void | Promise<void> {
  const source = systemPath(from);
  const { atime, mtime } = lstatSync(source);
  if (size > COPY_INLINE_MAX) return copyFile(source, to).then(() => utimes(to, atime, mtime));
  copyFileSync(source, to);
  utimesSync(to, atime, mtime);
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(systemPath(path), "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Does something in the directory of `path`, and once more after making it when it is missing (and `source` is not). */
export function inDirectory<T>(path: string, act: () => T, source?: string): T {
  try {
    return act();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    if (source !== undefined && lstatSync(systemPath(source), { throwIfNoEntry: false }) === undefined) throw error;
    makeDirectory(posix.dirname(path));
    return act();
  }
}
