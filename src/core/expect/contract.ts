import { glob } from "../flow/pattern.ts";
import { hasTime, patternAt } from "../trace/moment.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import type { Arrived, Due, Expectation, ExpectEvent, Watched } from "./types.ts";

/** Moments of a long stop that are still looked at. */
const DUE_MAX = 100;
/** A file that came in time may be told of so much later. Milliseconds. */
const TOLD_MS = 4000;
/** How long something that was missing may still come and be told of. Milliseconds. */
const FORGET_MS = 7 * 86_400_000;

/** Watches one expectation: what is due, what came, what must be told. Knows no clock but what it is told. */
export class Contract {
  readonly #spec: Expectation;
  readonly #schedule: Schedule;
  readonly #timed: boolean;
  readonly #matches: (name: string) => boolean;
  readonly #watched: Watched;

  /** `before`: what was remembered; a schedule that changed begins anew. Throws where the schedule is none. */
  constructor(spec: Expectation, before: Watched | undefined, nowMs: number) {
    const schedule = parseSchedule(spec.schedule);
    if (typeof schedule === "string") throw new Error(schedule);
    this.#spec = spec;
    this.#schedule = schedule;
    this.#timed = hasTime(spec.match);
    this.#matches = this.#timed ? () => false : glob(spec.match);
    const same = before?.schedule === spec.schedule ? before : undefined;
    this.#watched = same ?? { schedule: spec.schedule, due: [], lastAt: nowMs - 1 };
    this.#plan(nowMs);
  }

  get watched(): Watched {
    return this.#watched;
  }

  /** What is due at most this long from now is known: files may come early. */
  #plan(nowMs: number): void {
    const { due } = this.#watched;
    for (;;) {
      const next = this.#schedule.next(this.#watched.lastAt);
      // One that lies ahead is enough: it takes what comes before its time.
      if (next === undefined || (due.at(-1)?.at ?? 0) > nowMs) break;
      due.push({ at: next, uids: [] });
      this.#watched.lastAt = next;
      if (due.length > DUE_MAX) due.shift();
    }
  }

  /** Takes a file that came; returns what is to be told. */
  arrived(file: Arrived, nowMs: number): readonly ExpectEvent[] {
    this.#plan(nowMs);
    const { directory } = this.#spec;
    if (directory !== "" && directory !== file.directory) return [];
    const due = this.#timed
      ? this.#dueByName(file.name)
      : this.#matches(file.name)
        ? this.#dueByTime(file.at)
        : undefined;
    if (due === undefined || due.uids.includes(file.uid) || due.uids.length >= this.#spec.count) return [];
    due.uids.push(file.uid);
    if (due.raisedAt === undefined || due.uids.length < this.#spec.count) return [];
    this.#remove(due);
    return [this.#event(due, "arrived")];
  }

  /** Judges what should be here; returns what is to be told. `judge`: false right after a start, when files still come in. */
  tick(nowMs: number, judge: boolean): readonly ExpectEvent[] {
    this.#plan(nowMs);
    if (!judge) return [];
    const events: ExpectEvent[] = [];
    for (const due of [...this.#watched.due]) {
      if (due.raisedAt !== undefined) {
        if (nowMs - due.at > FORGET_MS) this.#remove(due);
        continue;
      }
      if (this.#deadline(due) > nowMs) continue;
      if (due.uids.length >= this.#spec.count) this.#remove(due);
      else {
        due.raisedAt = nowMs;
        events.push(this.#event(due, due.uids.length === 0 ? "missing" : "incomplete"));
      }
    }
    return events;
  }

  #deadline({ at }: Due): number {
    return at + this.#spec.graceS * 1000 + TOLD_MS;
  }

  /** The moment whose time is in the name. */
  #dueByName(name: string): Due | undefined {
    return this.#watched.due.find(({ at }) => glob(patternAt(this.#spec.match, at))(name));
  }

  /** The oldest moment that still wants files: a late one counts for what it is late for, until the next is due. */
  #dueByTime(atMs: number): Due | undefined {
    const { due } = this.#watched;
    const open = due.filter(({ uids }) => uids.length < this.#spec.count);
    return open.find((one, index) => {
      if (one.raisedAt === undefined) return true;
      const next = due[due.indexOf(one) + 1] ?? open[index + 1];
      return next === undefined || atMs < next.at;
    });
  }

  #remove(due: Due): void {
    this.#watched.due.splice(this.#watched.due.indexOf(due), 1);
  }

  #event({ at, uids }: Due, state: ExpectEvent["state"]): ExpectEvent {
    const { plugin, name, count, match } = this.#spec;
    return { plugin, name, state, at, got: uids.length, wanted: count, match: patternAt(match, at) };
  }
}

/** `plugin/name`. */
export function contractKey({ plugin, name }: Pick<Expectation, "plugin" | "name">): string {
  return `${plugin}/${name}`;
}

/** What is told of an event, in a line. */
export function eventText(event: ExpectEvent): string {
  const due = `due at ${new Date(event.at).toISOString().slice(0, 19)}Z`;
  const of = `${event.got} of ${event.wanted}`;
  const what = `[expect_${event.name}] of ${event.plugin}`;
  if (event.state === "arrived") return `${what}: what was ${due} (${event.match}) arrived after all`;
  return `${what}: ${event.state}: ${of} files ${due} arrived (${event.match})`;
}
