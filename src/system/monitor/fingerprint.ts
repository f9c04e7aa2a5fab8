import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What tells one state of an input from another: of a file itself, of a directory what is directly in it. By path. */
export type Fingerprint = ReadonlyMap<string, string>;

/** Looks at one input, existing or not, without reading any file. */
export function fingerprintOf(input: string): Fingerprint {
  const found = statSync(input, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return new Map([[input, ofFile(found)]]);
  return new Map(namesIn(input).map((name) => [join(input, name), ofEntry(join(input, name))]));
}

/** The paths that differ, sorted. */
export function changedPaths(before: Fingerprint, after: Fingerprint): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

type Found = ReturnType<typeof lstatSync> | undefined;

/** A directory in a directory counts when it comes, goes or is replaced: what is in it is somebody else's input. */
function ofEntry(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return `directory ${found.ino}`;
  if (found?.isSymbolicLink() !== true) return ofFile(found);
  const target = statSync(path, { throwIfNoEntry: false });
  return `link ${ofFile(found)} ${target?.isDirectory() === true ? target.ino : ofFile(target)}`;
}

function ofFile(found: Found): string {
  return found === undefined ? "missing" : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
