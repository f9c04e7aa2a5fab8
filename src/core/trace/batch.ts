import type { Expectation } from "../expect/types.ts";

/** How a visit ended, by the letter it is stored as; `going`: it has not. */
export const ENDINGS = {
  passed: "p",
  stored: "s",
  removed: "r",
  unmatched: "u",
  retried: "t",
  buried: "b",
  stuck: "x",
  returned: "k",
} as const;

export type EndingName = keyof typeof ENDINGS;
export type EndingLetter = (typeof ENDINGS)[EndingName];

/** A file that went to a step: its id in the batch's dictionary, its uid (0: the same), its size in bytes. */
export type SentRow = readonly [step: number, uid: string | 0, size: number];

/** A file's time in one step. `after`: milliseconds since the passage began. `detail`: why it failed, how it was kept. */
export type VisitRow = readonly [
  step: number,
  after: number,
  tookMs: number,
  ending: EndingLetter,
  detail: string,
  sent: readonly SentRow[],
];

/** A file's way through steps without a wait between them. `at`: milliseconds since the epoch. */
export type PassageRow = readonly [
  at: number,
  uid: string,
  name: string,
  directory: string,
  counter: number,
  size: number,
  visits: readonly VisitRow[],
  /** Where the file was put at the end, outside the steps' directories. */
  path: string | null,
  /** The name under which it waits for its digest, removed as it is. */
  removed?: string,
];

/** What a switch saw of a file of the same batch: values of the tags that differ from file to file, and the other tags. */
export type RoutingRow = readonly [passage: number, after: number, step: number, own: readonly string[], tags: number];

/** A file that is in a step and has been for a while. */
export type OpenRow = readonly [
  uid: string,
  name: string,
  step: number,
  at: number,
  size: number,
  directory: string,
  counter: number,
];

/**
 * What the pipeline tells the trace, a JSON line each. Steps and tags are numbered by the sender; a number holds until
 * `forget`, which comes before everything else in its batch.
 */
export interface TraceBatch {
  readonly forget?: true;
  readonly steps?: readonly (readonly [id: number, plugin: string, step: string, version: string])[];
  readonly tags?: readonly (readonly [id: number, set: TagSet])[];
  readonly passages: readonly PassageRow[];
  readonly routings?: readonly RoutingRow[];
  /** All of them; absent: as before. */
  readonly open?: readonly OpenRow[];
  /** Passages that could not be told since the last batch. */
  readonly lost?: number;
  /** Files that are announced and not begun. */
  readonly waiting?: number;
}

/** What the trace says: how many removed files got their digest since it said so last, and their bytes. */
export interface TraceAnswer {
  readonly digested: readonly [files: number, bytes: number];
}

/** Tags many files have in common, and the names of those of which each has its own value. */
export interface TagSet {
  readonly same: Readonly<Record<string, string>>;
  readonly own: readonly string[];
}

/** What should arrive, and where is remembered what of it did. */
export interface ExpectSettings {
  readonly specs: readonly Expectation[];
  readonly state: string;
  /** Nothing is judged so soon after a start: what came while nobody looked is still being taken in. */
  readonly settleMs: number;
}

/** What the process that keeps the trace is told on its command line. */
export interface TraceSettings {
  /** false: nothing is kept; what is expected is watched all the same. */
  readonly keep: boolean;
  readonly directory: string;
  /** Older passages go. */
  readonly maxAgeS: number;
  /** All of it together, bytes. */
  readonly maxBytes: number;
  /** Whether kept files get a digest when there is nothing else to do. */
  readonly digest: boolean;
  /** Where files that the pipeline removed wait for theirs; absent: they get none. */
  readonly removed?: string;
  readonly expect?: ExpectSettings;
}
