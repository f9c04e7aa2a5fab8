import { TAG } from "../../core/flow/tags.ts";
import { stepKey } from "../../core/flow/types.ts";
import {
  ENDINGS,
  type EndingLetter,
  type OpenRow,
  type PassageRow,
  type RoutingRow,
  type SentRow,
  type TraceBatch,
  type VisitRow,
} from "../../core/trace/batch.ts";
import { TagSets } from "../../core/trace/tag-sets.ts";
import type { FlowEvents } from "../engine/events.ts";
import type { Job } from "../engine/lane.ts";
import type { Ending, FlowFile, Sent } from "../types.ts";

interface Visit {
  readonly step: number;
  readonly after: number;
  tookMs: number;
  ending: EndingLetter | undefined;
  detail: string;
  sent: SentRow[] | undefined;
}

interface Going {
  readonly at: number;
  readonly uid: string;
  readonly name: string;
  readonly directory: string;
  readonly counter: number;
  readonly size: number;
  readonly visits: Visit[];
  readonly routings: [after: number, step: number, own: readonly string[], tags: number][];
  path: string | null;
  removed: string | undefined;
}

type NamedStep = { readonly plugin: string; readonly step: string; readonly version?: string };
type StepDefinition = readonly [id: number, plugin: string, step: string, version: string];

const FLUSH_MS = 200;
/** Told at once when so many passages wait to be told: what is held longer leaves the young generation and is dear to collect. */
const FLUSH_PASSAGES = 100;
/** A file that has been in a step for so long is told of before it leaves. Milliseconds. */
const OPEN_AFTER_MS = 1000;
const OPEN_EVERY_MS = 2000;
const OPEN_MAX = 1000;
/** Passages that wait for a trace that is being started. */
const KEPT_MAX = 20_000;
const DETAIL_MAX = 300;
const ENTERED_BEFORE = /^0\..*\.enter_step$/;
const NO_SENT: readonly SentRow[] = [];

/** Where batches go. */
export interface TraceSink {
  /** Whether anybody is there. */
  ready(): boolean;
  /** False: it takes no more just now, and the batch is lost. */
  tell(line: string): boolean;
}

/**
 * Hears of every file and tells the trace, a batch at a time. On the hot path it only notes; a passage is told when it is
 * over. What the trace cannot take is counted and dropped: it never makes the pipeline wait.
 */
export class TraceRecorder implements FlowEvents {
  readonly #sink: TraceSink;
  readonly #dropped: (name: string, bytes: number) => void;
  readonly #going = new Map<FlowFile, Going>();
  #over: Going[] = [];
  readonly #steps = new Map<string, StepDefinition>();
  #newSteps: StepDefinition[] = [];
  /** The same by the objects they were told as, of which there are few: making a key costs more than all else told of a step. */
  readonly #stepIds = new WeakMap<object, number>();
  readonly #tagSets = new TagSets();
  #timer: NodeJS.Timeout | undefined;
  #on = false;
  #lost = 0;
  #openTold = 0;
  #openAtMs = 0;

  /** `dropped` hears of removed files whose passage nobody is told, by their names and bytes. */
  constructor(sink: TraceSink, dropped: (name: string, bytes: number) => void = () => undefined) {
    this.#sink = sink;
    this.#dropped = dropped;
  }

  /** Whether anything is noted from now on. */
  listen(on: boolean): void {
    this.#on = on;
    if (!on) this.#going.clear();
  }

  /** Defines everything anew: whoever hears the next batch knows nothing. */
  repeat(): void {
    this.#newSteps = [...this.#steps.values()];
    this.#tagSets.repeat();
  }

  entered({ file, lane, counter }: Job): void {
    if (!this.#on) return;
    const now = Date.now();
    const going = this.#going.get(file) ?? this.#begin(file, counter, now);
    const id = this.#step(lane.step);
    const after = now - going.at;
    going.visits.push({ step: id, after, tookMs: 0, ending: undefined, detail: "", sent: undefined });
    if (lane.step.work.do === "switch") {
      const { id: tags, own } = this.#tagSets.split(file.tags);
      going.routings.push([after, id, own, tags]);
    }
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  sent({ file }: Job, { to, uid, size }: Sent): void {
    const going = this.#going.get(file);
    const visit = going?.visits.at(-1);
    if (going === undefined || visit === undefined) return;
    const row = [this.#step(to), uid === going.uid ? 0 : uid, size] as const;
    if (visit.sent === undefined) visit.sent = [row];
    else visit.sent.push(row);
  }

  ended({ file, startedMs }: Job, ending: Ending): void {
    const going = this.#going.get(file);
    const visit = going?.visits.at(-1);
    if (going === undefined || visit === undefined) return;
    visit.tookMs = Math.round((performance.now() - startedMs) * 10) / 10;
    visit.ending = ENDINGS[ending.is];
    visit.detail = detailOf(ending);
    going.removed = file.removedAs;
    going.path = "path" in ending ? (ending.path ?? null) : null;
    // In memory it goes on at once, if it goes on: whoever is still here later has ended.
    if (ending.is !== "passed") {
      this.#going.delete(file);
      this.#over.push(going);
      if (this.#over.length >= FLUSH_PASSAGES && this.#sink.ready()) this.#tellBatch(this.#over.splice(0), undefined);
    }
  }

  /** Tells what is over. Call it before the process ends. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const over = this.#over;
    this.#over = [];
    for (const [file, going] of this.#going) {
      if (going.visits.at(-1)?.ending === undefined) continue;
      this.#going.delete(file);
      over.push(going);
    }
    const open = this.#openNow();
    if (over.length > 0 || open !== undefined) {
      if (this.#sink.ready()) this.#tellBatch(over, open);
      else this.#keep(over);
    }
    if (this.#going.size + this.#over.length > 0 || this.#openTold > 0)
      this.#timer = setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  /** Until there is somebody to tell again; more than a person would miss is not kept. */
  #keep(over: Going[]): void {
    this.#lost += Math.max(0, over.length - KEPT_MAX);
    this.#drop(over.slice(0, -KEPT_MAX));
    this.#over = over.slice(-KEPT_MAX);
  }

  #drop(over: readonly Going[]): void {
    for (const { removed, size } of over) if (removed !== undefined) this.#dropped(removed, size);
  }

  #begin(file: FlowFile, counter: number, at: number): Going {
    const { tags, size } = file;
    const text = (name: string): string => tags.get(name) ?? "";
    // A listener gives the files it makes the counter 0 before any step has seen them.
    const isFirst = counter === 1 && ![...tags.keys()].some((name) => ENTERED_BEFORE.test(name));
    const going: Going = {
      at,
      uid: text(TAG.uid),
      name: text(TAG.basename),
      directory: text(TAG.dirname),
      counter: isFirst ? 0 : counter,
      size,
      visits: [],
      routings: [],
      path: null,
      removed: undefined,
    };
    this.#going.set(file, going);
    return going;
  }

  #step(step: NamedStep): number {
    const told = this.#stepIds.get(step);
    if (told !== undefined) return told;
    const id = this.#define(step);
    this.#stepIds.set(step, id);
    return id;
  }

  #define(step: NamedStep): number {
    const key = `${stepKey(step)} ${step.version ?? ""}`;
    const known = this.#steps.get(key);
    if (known !== undefined) return known[0];
    const definition = [this.#steps.size + 1, step.plugin, step.step, step.version ?? ""] as const;
    this.#steps.set(key, definition);
    this.#newSteps.push(definition);
    return definition[0];
  }

  /** Files long in a step; undefined: nothing to say about them. */
  #openNow(): readonly OpenRow[] | undefined {
    const now = Date.now();
    if (now - this.#openAtMs < OPEN_EVERY_MS) return undefined;
    this.#openAtMs = now;
    const open: OpenRow[] = [];
    for (const { at, uid, name, size, visits, directory, counter } of this.#going.values()) {
      const visit = visits.at(-1);
      if (visit !== undefined && now - at - visit.after >= OPEN_AFTER_MS && open.length < OPEN_MAX) {
        open.push([uid, name, visit.step, at + visit.after, size, directory, counter + visits.length - 1]);
      }
    }
    if (open.length === 0 && this.#openTold === 0) return undefined;
    this.#openTold = open.length;
    return open;
  }

  #tellBatch(over: readonly Going[], open: readonly OpenRow[] | undefined): void {
    const routings: RoutingRow[] = [];
    const passages = over.map((going, index): PassageRow => {
      for (const routing of going.routings) routings.push([index, ...routing]);
      const { at, uid, name, directory, counter, size, path, removed } = going;
      const row = [at, uid, name, directory, counter, size, going.visits.map(visitRow), path] as const;
      return removed === undefined ? row : [...row, removed];
    });
    const { forget, sets } = this.#tagSets.take();
    const batch: TraceBatch = {
      ...(forget && { forget }),
      ...(this.#newSteps.length > 0 && { steps: this.#newSteps }),
      ...(sets.length > 0 && { tags: sets }),
      passages,
      ...(routings.length > 0 && { routings }),
      ...(open !== undefined && { open }),
      ...(this.#lost > 0 && { lost: this.#lost }),
    };
    const told = this.#sink.tell(`${JSON.stringify(batch)}\n`);
    this.#lost = told ? 0 : this.#lost + passages.length;
    if (told) this.#newSteps = [];
    else {
      this.#drop(over);
      this.repeat();
    }
    if (this.#tagSets.full) this.#tagSets.forget();
  }
}

function visitRow({ step, after, tookMs, ending, detail, sent }: Visit): VisitRow {
  return [step, after, tookMs, ending ?? ENDINGS.stuck, detail, sent ?? NO_SENT];
}

function detailOf(ending: Ending): string {
  if (ending.is === "unmatched") return ending.policy;
  if (ending.is === "returned") return ending.died ? "a worker died" : "";
  const reason = "reason" in ending ? ending.reason : "";
  return reason.length > DETAIL_MAX ? `${reason.slice(0, DETAIL_MAX)}...` : reason;
}
