import { closeSync, constants, openSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FlowConfig } from "../../../core/flow/types.ts";
import { canHaveXattr } from "../../../kit/linux/xattr.ts";
import type { Seen, Volume, Way } from "../types.ts";
import { look } from "./seen.ts";

/** O_TMPFILE of open(2) without the O_DIRECTORY it includes, which differs between architectures. */
const TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** The file system a directory is, or would be, on. */
export function volumeOf(path: string): Seen<Volume> {
  return look(() => {
    const there = nearest(path);
    const { bsize, blocks, bavail, files, ffree } = statfsSync(there);
    return {
      path,
      device: statSync(there).dev,
      total: blocks * bsize,
      free: bavail * bsize,
      inodes: files,
      freeInodes: ffree,
    };
  });
}

/**
 * Whether files in a directory can have user attributes: tried on a file without a name, or, where the file system has
 * none (NFS), on one that is removed at once.
 */
export function attributesIn(directory: string): Seen<boolean> {
  return look(() => {
    const there = nearest(directory);
    const nameless = look(() => tryOn(there, TMPFILE | constants.O_RDWR));
    if (nameless.ok) return nameless.value;
    if (there !== directory) throw new Error(nameless.reason);
    const named = join(directory, `.metwork-doctor.${process.pid}.tmp`);
    try {
      return tryOn(named, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR);
    } finally {
      rmSync(named, { force: true });
    }
  });
}

/** The ways files go in the pipeline, and whether a rename can take them there. */
export function waysOf({ dataIn, watched, steps }: Pick<FlowConfig, "dataIn" | "watched" | "steps">): readonly Way[] {
  const tmp = join(dataIn, "tmp");
  const archives = steps.flatMap(({ work }) => (work.do === "archive" ? [work.directory] : []));
  const moves = steps.flatMap(({ work }) => (work.do === "move" && work.to.to === "directory" ? [work.to.path] : []));
  return [
    ...watched.map(({ directory, external }) => way("claiming a file", directory, tmp, external)),
    way("putting a failed file aside", tmp, join(dataIn, "trash"), true),
    ...[...new Set(archives)].map((directory) => way("archiving a file", tmp, directory, true)),
    ...[...new Set(moves)].map((directory) => way("moving a file out", tmp, directory, true)),
  ];
}

function way(what: string, from: string, to: string, copies: boolean): Way {
  const same = look(() => statSync(nearest(from)).dev === statSync(nearest(to)).dev);
  return { what, from, to, same, copies };
}

function tryOn(path: string, flags: number): boolean {
  const fd = openSync(path, flags, 0o600);
  try {
    return canHaveXattr(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The directory, or the nearest one above that exists: what is missing will be made there. Throws system errors, `EACCES`
 * when the way is closed to this user: what is behind may be there.
 */
export function nearest(path: string): string {
  try {
    statSync(path);
    return path;
  } catch (error) {
    const isMissing =
      error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (!isMissing || dirname(path) === path) throw error;
    return nearest(dirname(path));
  }
}
