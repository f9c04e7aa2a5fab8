import { createHash } from "node:crypto";
import { lstatSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { pathIn, sidecarName, sidecarOwner, splitPath, systemPath } from "../core/flow/names.ts";
import { decodeMove, decodeTags, encodeTags, type Tags } from "../core/flow/tags.ts";
import { getXattr, hasXattr, removeXattr, setXattr } from "./linux/xattr.ts";

const ATTRIBUTE = "user.metwork";
/** More than a few kilobytes does not fit beside an inode on most file systems; asking is dearer than knowing. */
const ATTRIBUTE_LIMIT = 32 * 1024;

const STALE_MS = 60_000;

/** Where a file's tags are: on the file (an extended attribute), or in a hidden file beside it. */
export type TagPlace = "attribute" | "sidecar";

export interface StoredTags {
  readonly tags: Tags;
  /** undefined: the file has no tags. */
  readonly place: TagPlace | undefined;
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function sidecarPath(path: string): string {
  const [directory, name] = splitPath(path);
  return pathIn(directory, sidecarName(name, digest));
}

/** The tags of a file. Text that is no tags counts as none. */
export function readTags(path: string): StoredTags {
  const attribute = getXattr(path, ATTRIBUTE);
  const tags = attribute === undefined ? undefined : decodeTags(attribute);
  if (tags !== undefined) return { tags, place: "attribute" };
  const beside = readSidecar(path);
  return beside === undefined ? { tags: new Map(), place: undefined } : { tags: beside, place: "sidecar" };
}

/**
 * Where the tags of a claimed file are now, if it has any, which were at `before`; "gone": there is no such file, but perhaps its
 * side-car. Nobody else puts one beside a claim: whether there is one, which is dear, is asked only where there was.
 */
export function tagPlaceOf(path: string, before: TagPlace | undefined): TagPlace | "gone" | undefined {
  const has = hasXattr(path, ATTRIBUTE);
  if (has === true) return "attribute";
  if (has === "gone") return has;
  return before === "sidecar" && readSidecar(path) !== undefined ? "sidecar" : undefined;
}

/** The move record written with the tags on a file (see core/flow/recovery). */
export function readMove(path: string): string | undefined {
  const attribute = getXattr(path, ATTRIBUTE);
  return attribute === undefined ? undefined : decodeMove(attribute);
}

/**
 * Writes the tags of the file now at `from` so that they are complete once it is renamed to `to`; until then it has
 * those it had, or the new ones with `move`, which says so. `shared`: the file has other hard links, which would share an
 * attribute. Follow with dropSidecar(from) after the rename when the file had a side-car or the answer is "sidecar".
 */
export function writeTags(from: string, to: string, tags: Tags, shared = false, move?: string): TagPlace {
  const text = encodeTags(tags, move);
  if (!shared && text.length <= ATTRIBUTE_LIMIT && setXattr(from, ATTRIBUTE, text)) return "attribute";
  if (from !== to) putBeside(from);
  writeSidecar(to, encodeTags(tags));
  removeXattr(from, ATTRIBUTE);
  return "sidecar";
}

/** Puts the tags on a file, if any, beside it: an attribute is shared by all names of the content. */
export function putBeside(path: string): void {
  const text = getXattr(path, ATTRIBUTE);
  if (text === undefined) return;
  writeSidecar(path, text);
  removeXattr(path, ATTRIBUTE);
}

function writeSidecar(of: string, text: string): void {
  const path = sidecarPath(of);
  const temporary = posix.join(posix.dirname(path), sidecarName(`${digest(path)}.new`, digest));
  // Without its encoding Node writes text by way of a buffer, which lives until all memory is looked through.
  writeFileSync(systemPath(temporary), text, { encoding: "utf8", mode: 0o640 });
  renameSync(systemPath(temporary), systemPath(path));
}

/** Takes all tags off a file. */
export function clearTags(path: string, place: TagPlace | undefined): void {
  if (place === "sidecar") dropSidecar(path);
  else if (place === "attribute") removeXattr(path, ATTRIBUTE);
}

/** Takes the side-car of a file that has left away; one that the disk does not let go is dropped later, as stale. */
export function dropSidecar(path: string): void {
  try {
    unlinkSync(systemPath(sidecarPath(path)));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}

/** Takes the side-car of a file, where it has one, to where the file is about to be renamed. */
export function moveSidecar(from: string, to: string): void {
  const path = systemPath(sidecarPath(from));
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) renameSync(path, systemPath(sidecarPath(to)));
}

/**
 * Removes a side-car that a death left without its file. A side-car is there just before its file: a young one is left
 * alone. `now` is in milliseconds since the epoch.
 */
export function dropStaleSidecar(directory: string, name: string, now: number): void {
  const owner = sidecarOwner(name);
  if (owner === undefined) return;
  const path = systemPath(posix.join(directory, name));
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || now - stat.ctimeMs < STALE_MS) return;
  if (lstatSync(systemPath(posix.join(directory, owner)), { throwIfNoEntry: false }) === undefined) unlinkSync(path);
}

function readSidecar(path: string): Tags | undefined {
  const sidecar = systemPath(sidecarPath(path));
  // Hardly any file has one: asking costs a tenth of an exception.
  if (lstatSync(sidecar, { throwIfNoEntry: false }) === undefined) return undefined;
  return decodeTags(readFileSync(sidecar, "utf8"));
}
