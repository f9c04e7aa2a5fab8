import { millisecond, utcSecond } from "../base/utc.ts";
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
  if (!hasLayout(tags)) layout = newLayout([...tags.keys()]);
  const { keys, places, parts, isFixed } = layout;
  if (!isFixed) return formatAnyhow(tags);
  if (keys.length === 0) return "";
  let index = 0;
  for (const value of tags.values()) {
    parts[places[index++] ?? 0] = value.includes("\n") ? value.replaceAll("\n", "\\n") : value;
  }
  return parts.join("");
}

function formatAnyhow(tags: ReadonlyMap<string, string>): string {
  const lines = [...tags].map(([key, value]) => `${key} = ${value.replaceAll("\n", "\\n")}\n`);
  return lines.sort().join("");
}

/** Where the tags of a file stand in its `.tags`: nearly always where those of the file before did. */
interface Layout {
  readonly keys: readonly string[];
  /** The text, in which only the values are another file's: strings that are put together two by two are dear to collect. */
  readonly parts: string[];
  /** Where each value, in the order of the keys, stands among the parts. */
  readonly places: readonly number[];
  /** Whatever the values are. */
  readonly isFixed: boolean;
}

let layout: Layout = { keys: [], parts: [], places: [], isFixed: true };

function hasLayout(tags: ReadonlyMap<string, string>): boolean {
  if (tags.size !== layout.keys.length) return false;
  let index = 0;
  for (const key of tags.keys()) if (layout.keys[index++] !== key) return false;
  return true;
}

function newLayout(keys: readonly string[]): Layout {
  const lines = keys.map((key, index) => ({ index, begin: `${key} = ` }));
  lines.sort((a, b) => (a.begin < b.begin ? -1 : 1));
  const places: number[] = [];
  const parts = lines.flatMap(({ index, begin }, line) => {
    places[index] = 2 * line + 1;
    return [line === 0 ? begin : `\n${begin}`, ""];
  });
  return { keys, parts: [...parts, "\n"], places, isFixed: !keys.some((key) => key.includes(" = ")) };
}

/** Reads what formatTags wrote; lines that are no tag are passed over. */
export function parseTagsFile(text: string): Tags {
  const lines = text.split("\n").flatMap((line) => {
    const at = line.indexOf(" = ");
    return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 3).replaceAll("\\n", "\n")] as const];
  });
  return new Map(lines);
}

/** The tags as a list, names with their values behind them: a copy a third as large as a map, and made sooner. */
export function listTags(tags: Tags): readonly string[] {
  const list: string[] = [];
  for (const [name, value] of tags) list.push(name, value);
  return list;
}

/** Makes the tags those that listTags listed. */
export function restoreTags(tags: Tags, list: readonly string[]): void {
  tags.clear();
  for (let at = 0; at < list.length; at += 2) tags.set(list[at] ?? "", list[at + 1] ?? "");
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
  const text = (name: string): string => tags.get(name) ?? "";
  return { uid: text(TAG.uid), basename: text(TAG.basename), directory: text(TAG.dirname) };
}

/** Counts and dates the entry into a step; returns the new counter. `nowMs` is since the epoch. */
export function enterStep(tags: Tags, step: StepName, nowMs: number): number {
  const counter = stepCounter(tags) + 1;
  tags.set(TAG.counter, String(counter));
  tags.set(stepTagName(step, counter, "enter_step"), timestamp(nowMs));
  return counter;
}

/** Sets a step's tag twice: under the counter, and as the latest of that step. */
export function setStepTag(tags: Tags, counter: number, step: StepName, name: string, value: string): void {
  tags.set(stepTagName(step, counter, name), value);
  tags.set(stepTagName(step, LATEST, name), value);
}

/** Instead of a counter. */
const LATEST = -1;
/** More than these are made anew each time. */
const COUNTERS_MAX = 32;
const NAMES_MAX = 64;
/** By step, counter and last part: a name made once is hashed once, which the tags of every file profit from. */
const tagNames = new WeakMap<StepName, Map<string, string>[]>();

function stepTagName(step: StepName, counter: number, last: string): string {
  const names = counter < COUNTERS_MAX ? namesOf(step, counter) : undefined;
  const known = names?.get(last);
  if (known !== undefined) return known;
  const name = `${counter === LATEST ? "latest" : counter}.${step.plugin}.${step.step}.${last}`;
  if (names !== undefined && names.size < NAMES_MAX) names.set(last, name);
  return name;
}

function namesOf(step: StepName, counter: number): Map<string, string> {
  const all = tagNames.get(step) ?? [];
  if (all.length === 0) tagNames.set(step, all);
  all[counter + 1] ??= new Map();
  return all[counter + 1] ?? new Map();
}

/** `YYYY-MM-DDTHH:MM:SS:ffffff`, UTC, with the predecessor's colon before the microseconds. */
function timestamp(nowMs: number): string {
  return `${utcSecond(nowMs)}:${millisecond(nowMs)}000`;
}
