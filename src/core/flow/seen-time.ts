/** A stretch of the wall clock during which nobody looked: the machine was off, the daemon down, or the clock jumped. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is remembered between two looks, and between two runs. */
export interface SeenTime {
  /** Wall clock of the last look, milliseconds since the epoch. */
  readonly lastMs: number;
  readonly gaps: readonly Gap[];
}

/** Two looks are at most so much further apart by the wall clock than they really were. */
const DRIFT_MS = 5000;

/**
 * Notes a look at `nowMs`, really `passedMs` after the last one (0 when unknown, as after a start). Gaps are forgotten when
 * all of before them has been seen for `keepMs`.
 */
export function look(before: SeenTime | undefined, nowMs: number, passedMs: number, keepMs: number): SeenTime {
  // Whoever has never looked knows of no time before.
  if (before === undefined) return { lastMs: nowMs, gaps: [{ fromMs: 0, toMs: nowMs }] };
  // Of a gap that a clock was set back into, the part that is past still was not seen.
  const past = before.gaps
    .filter(({ fromMs }) => fromMs < nowMs)
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, nowMs) }));
  const fromMs = before.lastMs + passedMs;
  const gaps = nowMs - fromMs > DRIFT_MS ? [...past, { fromMs, toMs: nowMs }] : past;
  // By seen time: a later gap does not make an earlier one old.
  return { lastMs: nowMs, gaps: gaps.filter(({ toMs }) => seenFor({ lastMs: nowMs, gaps }, toMs) < keepMs) };
}

/**
 * How long something that came at `arrivedMs` has been seen, milliseconds: a clock that jumps ahead, or a machine that was
 * off, makes nothing old. Negative when it comes from the future of a clock that was set back.
 */
export function seenFor({ lastMs, gaps }: SeenTime, arrivedMs: number): number {
  return gaps.reduce(
    (age, { fromMs, toMs }) => age - Math.max(0, toMs - Math.max(fromMs, arrivedMs)),
    lastMs - arrivedMs,
  );
}
