import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemPath } from "../../core/flow/names.ts";
import { tagsFileName } from "../../core/flow/placement.ts";
import { parseTagsFile, TAG, type Tags } from "../../core/flow/tags.ts";
import { type Story, tellStories, type Visit } from "../../core/trace/story.ts";
import { digest, readTags, writeTags } from "../../kit/tags.ts";
import type { TraceReader } from "../../trace/query.ts";

/** A file that can be processed again, and its story. */
export interface Replayable {
  readonly uid: string;
  readonly name: string;
  readonly path: string;
  readonly story: Story;
  /** Every step it was in. */
  readonly visits: readonly Visit[];
  /** Where it is kept since; its step failed on it where `ending` is `buried`. */
  readonly keptBy: Visit;
}

/**
 * What is left of a file, for a step to have another look at: what that step failed on, else a copy that was kept before or
 * beside it, else any. `step` is `plugin/step`; undefined: not known yet.
 */
export function findReplayable(reader: TraceReader, what: string, step: string | undefined): Replayable | undefined {
  const [uid] = reader.find(what, 1);
  const [story] = uid === undefined ? [] : tellStories(reader.passagesOf([uid]), []);
  if (story === undefined || uid === undefined) return undefined;
  const visits = story.visits.flatMap(withChildren);
  const made = new Set(
    visits.filter((visit) => nameOf(visit) === step).flatMap(({ children }) => children.flatMap(withChildren)),
  );
  const kept = visits.filter((visit) => visit.path !== undefined && isThere(visit.path, visit.size));
  const rank = (visit: Visit): number => {
    if (visit.ending === "buried" && (step === undefined || nameOf(visit) === step)) return 0;
    return made.has(visit) ? 2 : 1;
  };
  const [keptBy] = kept.sort((a, b) => rank(a) - rank(b));
  if (keptBy?.path === undefined) return undefined;
  return { uid, name: story.name, path: keptBy.path, story, visits, keptBy };
}

/** Puts a copy, with its tags on it, into a directory of its own; returns its path. */
export function stage({ path, name, uid, story }: Replayable, directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const staged = join(directory, name === "" ? uid : name);
  copyFileSync(systemPath(path), systemPath(staged));
  const tags = keptTags(path);
  if (!tags.has(TAG.uid)) tags.set(TAG.uid, uid);
  if (!tags.has(TAG.basename)) tags.set(TAG.basename, name);
  if (!tags.has(TAG.dirname)) tags.set(TAG.dirname, story.directory);
  writeTags(staged, staged, tags);
  return staged;
}

/** `plugin/step`. */
export function nameOf({ plugin, step }: Pick<Visit, "plugin" | "step">): string {
  return `${plugin}/${step}`;
}

function keptTags(path: string): Tags {
  const slash = path.lastIndexOf("/");
  const beside = join(path.slice(0, slash), tagsFileName(path.slice(slash + 1), ".tags", digest));
  return existsSync(systemPath(beside)) ? parseTagsFile(readFileSync(systemPath(beside), "utf8")) : readTags(path).tags;
}

function isThere(path: string, size: number): boolean {
  return statSync(systemPath(path), { throwIfNoEntry: false })?.size === size;
}

function withChildren(visit: Visit): readonly Visit[] {
  return [visit, ...visit.children.flatMap(withChildren)];
}
