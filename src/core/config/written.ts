import { hash } from "node:crypto";
import type { MergedSection } from "./merge.ts";
import type { WrittenLines } from "./types.ts";

/** Longer values are kept as a digest: they are only compared. */
const LONGEST = 24;

/** The winning line of every key of merged sections; `files` are those they were merged from, weakest first. */
export function writtenLines(sections: Iterable<MergedSection>, files: readonly string[]): WrittenLines {
  const keys: Record<string, readonly [string, number, number]> = {};
  for (const section of sections) {
    for (const [key, { value, keyAt }] of section.keys) {
      keys[`${section.name}.${key}`] = [comparable(value), files.indexOf(keyAt.file), keyAt.line];
    }
  }
  return { files, keys };
}

/** A value short enough to be kept a thousand times. */
export function comparable(value: string): string {
  return value.length <= LONGEST ? value : `#${hash("sha256", value).slice(0, LONGEST - 1)}`;
}
