/** When the ways in begin to refuse; 0: never. */
export interface PressureLimits {
  readonly freeBytes: number;
  readonly freeInodes: number;
  /** Files waiting in all watched directories together. */
  readonly waiting: number;
}

/** What is measured. `freeInodes` is undefined on file systems that do not count them. */
export interface Measured {
  /** Nothing can be written where files wait. */
  readonly readOnly: boolean;
  readonly freeBytes: number;
  readonly freeInodes: number | undefined;
  /** Files waiting, counted no further than a limit asks for. */
  readonly waiting: number;
  /** The same by step, for those with a limit of their own. */
  readonly steps: ReadonlyMap<string, { readonly waiting: number; readonly limit: number }>;
}

/** Why files are refused. `what`: `read-only`, `space`, `inodes`, `waiting`, or `waiting <plugin>.<step>`. */
export interface Reason {
  readonly what: string;
  readonly text: string;
}

/** Once refused, files are taken again when it is this much better than the limit: no flapping around it. */
const BETTER = 0.2;

/** Why the ways in must refuse now; `before`: why they did until now. None: they take files. */
export function judgePressure(
  before: readonly Reason[],
  measured: Measured,
  limits: PressureLimits,
): readonly Reason[] {
  const was = new Set(before.map(({ what }) => what));
  const tooFew = (what: string, free: number | undefined, limit: number): boolean =>
    limit > 0 && free !== undefined && free < limit * (was.has(what) ? 1 + BETTER : 1);
  const tooMany = (what: string, waiting: number, limit: number): boolean =>
    limit > 0 && waiting > limit * (was.has(what) ? 1 - BETTER : 1);
  const reasons: Reason[] = [];
  const { readOnly, freeBytes, freeInodes, waiting, steps } = measured;
  if (readOnly) reasons.push({ what: "read-only", text: "the file system of the waiting files is read-only" });
  if (tooFew("space", freeBytes, limits.freeBytes)) {
    reasons.push({
      what: "space",
      text: `${megabytes(freeBytes)} MB of the ${megabytes(limits.freeBytes)} MB that must be free are left`,
    });
  }
  if (tooFew("inodes", freeInodes, limits.freeInodes)) {
    reasons.push({
      what: "inodes",
      text: `${freeInodes} of the ${limits.freeInodes} inodes that must be free are left`,
    });
  }
  if (tooMany("waiting", waiting, limits.waiting)) {
    reasons.push({ what: "waiting", text: `more files wait than ${quota("waiting", was, limits.waiting)}` });
  }
  for (const [key, { waiting: count, limit }] of steps) {
    const what = `waiting ${key}`;
    if (tooMany(what, count, limit))
      reasons.push({ what, text: `more files wait for ${key} than ${quota(what, was, limit)}` });
  }
  return reasons;
}

function quota(what: string, was: ReadonlySet<string>, limit: number): string {
  return was.has(what) ? `${Math.floor(limit * (1 - BETTER))}, where files are taken again` : String(limit);
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024);
}
