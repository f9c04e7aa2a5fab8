import { expectedNames, hasTime, parseMoment } from "../../core/trace/moment.ts";
import type { Arrival, TraceReader } from "../../trace/query.ts";
import { type Context, type ExitCode, UsageError } from "../command.ts";
import { timeText } from "./print.ts";

/** A name that was looked for, and what came under it. */
interface Looked {
  readonly name: string;
  readonly arrivals: readonly Arrival[];
}

/** `metwork trace --missing`: 0 when everything arrived, else 1. */
export function showMissing(
  context: Context,
  reader: TraceReader,
  pattern: string,
  begin: string,
  end: string,
): ExitCode {
  const now = Date.now();
  const [from, to] = [momentOf(begin, now), momentOf(end, now)];
  if (from >= to) throw new UsageError(`${begin} is not before ${end}`);
  const names = hasTime(pattern) ? expectedNames(pattern, from, to) : [pattern];
  const looked = names.map((name): Looked => ({ name, arrivals: reader.arrivals(name, from, to) }));
  const missing = looked.filter(({ arrivals }) => arrivals.length === 0).map(({ name }) => name);
  const lost = reader.lost(from, to);
  const since = reader.sinceMs;
  if (context.json)
    context.out(JSON.stringify({ from, to, recordedSince: since ?? null, lost, names: looked, missing }));
  else {
    for (const { name, arrivals } of looked) context.out(lineOf(name, arrivals));
    context.err(`${names.length - missing.length} of ${names.length} arrived between ${iso(from)} and ${iso(to)}`);
  }
  if (since === undefined || since > from) {
    context.err(
      `the record begins ${since === undefined ? "never: nothing was recorded yet" : `at ${iso(since)}`}; nothing can be said of before`,
    );
  }
  if (lost > 0) context.err(`${lost} files of that time are not in the record`);
  return missing.length === 0 ? 0 : 1;
}

function lineOf(name: string, arrivals: readonly Arrival[]): string {
  const [first] = arrivals;
  const last = arrivals.at(-1);
  if (first === undefined || last === undefined) return `${name}  never arrived`;
  if (first === last) return `${name}  ${iso(first.at)}  ${first.uid}`;
  return `${name}  ${arrivals.length} times, ${iso(first.at)} to ${timeText(last.at)}`;
}

function momentOf(text: string, now: number): number {
  const moment = parseMoment(text, now);
  if (moment !== undefined) return moment;
  throw new UsageError(`\`${text}\` is no time; write 2026-11-25, 2026-11-25T10:00, 24h (ago) or now`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
