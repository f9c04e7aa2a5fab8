import type { LoggedRequest } from "./requests.ts";
import { isMuchSlower, median, type SlowWorker, slowWorkers, usualMs, workerFigures } from "./workers.ts";

/** A window of time is looked at in so many parts: who was slow in each of them is slow for good. */
export const PARTS = 3;
/** So many requests of its own in each part are enough to replace a worker. */
const ENOUGH = 10;
/** So many parts of the past are needed to tell what is usual for an app, and so many are remembered. */
const KNOWN_PARTS = 6;
const REMEMBERED_PARTS = 60;

/** What is known of how quick an app answers. */
export interface Quickness {
  /** The requests of the last parts, at most `PARTS` of them. */
  readonly parts: readonly (readonly LoggedRequest[])[];
  /** How long the usual request took, in milliseconds, in each part before those that had enough of them. */
  readonly past: readonly number[];
}

export interface Verdict {
  /** Those slower than the others all the time, the slowest first. */
  readonly slow: readonly SlowWorker[];
  /** The app is slower as a whole than it used to be, in milliseconds. */
  readonly allSlow?: { readonly usualMs: number; readonly nowMs: number };
}

export const UNKNOWN: Quickness = { parts: [], past: [] };

/** Adds a part of the window: the requests of one app that ended in it. */
export function withPart({ parts, past }: Quickness, part: readonly LoggedRequest[]): Quickness {
  const all = [...parts, part];
  const older = all.slice(0, -PARTS).flatMap((one) => usualMs(one) ?? []);
  return { parts: all.slice(-PARTS), past: [...past, ...older].slice(-REMEMBERED_PARTS) };
}

/**
 * Says who is slow. Where all of an app got slower, nobody is: its workers are not to blame then, and starting some again
 * would take from the others what they lack.
 */
export function judge({ parts, past }: Quickness): Verdict {
  if (parts.length < PARTS) return { slow: [] };
  const now = parts.map((part) => usualMs(part) ?? 0);
  const usual = median(past);
  if (past.length >= KNOWN_PARTS && now.every((ms) => isMuchSlower(ms, usual)))
    return { slow: [], allSlow: { usualMs: usual, nowMs: median(now) } };
  const [first = [], ...rest] = parts.map((part) => slowWorkers(workerFigures(part), ENOUGH).filter(isSlowThroughout));
  const always = first.filter(({ own }) => rest.every((part) => part.some((one) => one.own.worker === own.worker)));
  return { slow: always.sort((a, b) => b.own.p50Ms - a.own.p50Ms) };
}

/** An app in which a worker was replaced is left alone for a while, in milliseconds of a clock that never jumps. */
export interface Pause {
  readonly until: number;
  readonly lengthMs: number;
}

export const NO_PAUSE: Pause = { until: 0, lengthMs: 0 };
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/** The pause after another replacement: the window, then twice as long each time, until nobody was slow for as long. */
export function pauseAfter({ until, lengthMs }: Pause, now: number, windowMs: number): Pause {
  const length = now > until + lengthMs ? windowMs : Math.min(lengthMs * 2, LONGEST_PAUSE_MS);
  return { until: now + length, lengthMs: length };
}

/** Not by chance: where some requests are quick and others are not, the middle of a few says little of a worker. */
function isSlowThroughout({ own, others }: SlowWorker): boolean {
  return isMuchSlower(own.p25Ms, others.p25Ms);
}
