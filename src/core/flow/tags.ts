import type { Identity } from "./claim-name.ts";
import type { StepName } from "./types.ts";

/** The tags of a file, in the order they were set. */
export type Tags = Map<string, string>;

export const TAG = {
  counter: "latest.core.step_counter",
  basename: "first.core.original_basename",
  dirname: "first.core.original_dirname",
  uid: "first.core.original_uid",
  priority: "latest.core.priority",
} as const;

/** The value a switch rule sees for a tag the file lacks. */
export const NOT_FOUND = "{NOT_FOUND}";

/** Among stored tags, no tag: where the file was about to be renamed with them. */
const MOVE = "metwork.move";

/**
 * Tags as they are stored on a file: a JSON object, ASCII escapes for bytes that are no UTF-8. `move`: see
 * core/flow/recovery.
 */
export function encodeTags(tags: ReadonlyMap<string, string>, move?: string): string {
  const text = JSON.stringify(Object.fromEntries(tags));
  if (move === undefined) return text;
  return `${text.slice(0, -1)}${tags.size === 0 ? "" : ","}"${MOVE}":${JSON.stringify(move)}}`;
}

/** Reads what encodeTags wrote. undefined: it is something else. */
export function decodeTags(text: string): Tags | undefined {
  const tags = decodeAll(text);
  tags?.delete(MOVE);
  return tags;
}

/** The `move` encodeTags was given. */
export function decodeMove(text: string): string | undefined {
  return decodeAll(text)?.get(MOVE);
}

function decodeAll(text: string): Tags | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    const entries = Object.entries(parsed);
    return entries.every((entry): entry is [string, string] => typeof entry[1] === "string")
      ? new Map(entries)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The `.tags` format: a line `key = value` per tag, sorted by key. A line break inside a value is written `\n`, so that
 * one line stays one tag.
 */
export function formatTags(tags: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  for (const [key, value] of tags)
    lines.push(`${key} = ${value.includes("\n") ? value.replaceAll("\n", "\\n") : value}\n`);
  return lines.sort().join("");
}

/** Reads what formatTags wrote; lines that are no tag are passed over. */
export function parseTagsFile(text: string): Tags {
  const lines = text.split("\n").flatMap((line) => {
    const at = line.indexOf(" = ");
    return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 3).replaceAll("\\n", "\n")] as const];
  });
  return new Map(lines);
}

/** How many steps the file entered before this one; -1: none. */
export function stepCounter(tags: ReadonlyMap<string, string>): number {
  const counter = Number.parseInt(tags.get(TAG.counter) ?? "", 10);
  return Number.isNaN(counter) ? -1 : counter;
}

/** Sets who the file is, where that is not known yet; returns whether anything was set. */
export function identify(
  tags: Tags,
  { uid, basename, directory }: Omit<Identity, "uid"> & Partial<Identity>,
  makeUid: () => string,
): boolean {
  const before = tags.size;
  if (!tags.has(TAG.uid)) tags.set(TAG.uid, uid ?? makeUid());
  if (!tags.has(TAG.basename)) tags.set(TAG.basename, basename);
  if (!tags.has(TAG.dirname)) tags.set(TAG.dirname, directory);
  return tags.size !== before;
}

/** What `identify` set. */
export function readIdentity(tags: Tags): Identity {
  const [uid = "", basename = "", directory = ""] = [TAG.uid, TAG.basename, TAG.dirname].map((name) => tags.get(name));
  return { uid, basename, directory };
}

/** Counts and dates the entry into a step; returns the new counter. `nowMs` is since the epoch. */
export function enterStep(tags: Tags, step: StepName, nowMs: number): number {
  const counter = stepCounter(tags) + 1;
  tags.set(TAG.counter, String(counter));
  tags.set(`${counter}.${step.plugin}.${step.step}.enter_step`, timestamp(nowMs));
  return counter;
}

/** Sets a step's tag twice: under the counter, and as the latest of that step. */
export function setStepTag(tags: Tags, counter: number, step: StepName, name: string, value: string): void {
  tags.set(`${counter}.${step.plugin}.${step.step}.${name}`, value);
  tags.set(`latest.${step.plugin}.${step.step}.${name}`, value);
}

/** `YYYY-MM-DDTHH:MM:SS:ffffff`, UTC, with the predecessor's colon before the microseconds. */
function timestamp(nowMs: number): string {
  const iso = new Date(nowMs).toISOString();
  return `${iso.slice(0, 19)}:${iso.slice(20, 23)}000`;
}
