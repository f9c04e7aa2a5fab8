import { TAG } from "../../core/flow/tags.ts";
import { type Destination, type FlowStep, type StepName, stepKey } from "../../core/flow/types.ts";
import type { MessageLists } from "../../kit/redis.ts";
import type { FlowEvents } from "../engine/events.ts";
import type { Job } from "../engine/lane.ts";
import { messageOf } from "../errors.ts";
import type { Ending, Sent } from "../types.ts";
import type { StepLog } from "./log.ts";

/** What was counted of a step since it was last told. */
interface Counted {
  files: number;
  /** Directories from which files came into the pipeline. */
  readonly from: Map<string, number>;
  readonly sent: Map<StepName, number>;
  /** Where files left the pipeline. */
  readonly left: Map<string, number>;
}

const FLUSH_MS = 1000;
const TRACE_LIFE_S = 86_400;

/**
 * Counts what happened for whoever looks into Redis: `counter.<p>.<s>` and `latest.<p>.<s>` of files a step was given,
 * `trace@<UTC day>~<from>~<to>` of files that went from one place to another. Sent once a second, never waited for.
 * The predecessor's edge `>delete/giveup` is not among them: a file without tries left goes where its step's policy says.
 */
export class Counters implements FlowEvents {
  readonly #redis: MessageLists;
  readonly #log: StepLog;
  /** By the steps' own objects: a key in text for each event costs more than the rest of it. */
  #counted = new Map<FlowStep, Counted>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: MessageLists, log: StepLog) {
    this.#redis = redis;
    this.#log = log;
  }

  entered({ file, lane, counter }: Job): void {
    const counted = this.#of(lane.step);
    counted.files += 1;
    if (counter === 0) addTo(counted.from, file.tags.get(TAG.dirname) ?? "");
  }

  sent({ lane }: Job, { to }: Sent): void {
    addTo(this.#of(lane.step).sent, to);
  }

  ended({ lane }: Job, ending: Ending): void {
    const to = whereTo(lane.step, ending);
    if (to !== undefined) addTo(this.#of(lane.step).left, to);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#redis.up || this.#counted.size === 0) return;
    const { files: entered, edges } = summary(this.#counted);
    this.#counted = new Map();
    const now = Date.now();
    const day = new Date(now).toISOString().slice(0, 10);
    const files = [...entered].flatMap(([key, count]) => [
      ["INCRBY", `counter.${key}`, count] as const,
      ["SET", `latest.${key}`, Math.floor(now / 1000)] as const,
    ]);
    const traces = [...edges].flatMap(([edge, count]) => [
      ["INCRBY", `trace@${day}~${edge}`, count] as const,
      ["EXPIRE", `trace@${day}~${edge}`, TRACE_LIFE_S] as const,
    ]);
    await this.#redis.send([...files, ...traces]).catch((error: unknown) => {
      this.#log.warning(`counters could not be sent: ${messageOf(error)}`);
    });
  }

  #of(step: FlowStep): Counted {
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
    let counted = this.#counted.get(step);
    if (counted === undefined) {
      counted = { files: 0, from: new Map(), sent: new Map(), left: new Map() };
      this.#counted.set(step, counted);
    }
    return counted;
  }
}

function addTo<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Files by step, and by the edges of traces. */
function summary(counted: ReadonlyMap<FlowStep, Counted>) {
  const files = new Map<string, number>();
  const edges = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string, count: number) =>
    counts.set(key, (counts.get(key) ?? 0) + count);
  for (const [step, { files: count, from, sent, left }] of counted) {
    if (count > 0) add(files, stepKey(step), count);
    for (const [directory, times] of from) add(edges, `<${directory}~${place(step)}`, times);
    for (const [to, times] of sent) add(edges, `${place(step)}~${place(to)}`, times);
    for (const [to, times] of left) add(edges, `${place(step)}~${to}`, times);
  }
  return { files, edges };
}

/** Where a file left the pipeline, as traces name it; undefined: nowhere, or to a step it was `sent` to. */
function whereTo({ work, onFailure }: FlowStep, ending: Ending): string | undefined {
  if (ending.is === "unmatched") return `>nomatch/${ending.policy}`;
  if (ending.is === "buried") {
    return ending.policy === "move" && onFailure.do === "move" ? destination(onFailure.to) : `>trash/${ending.policy}`;
  }
  if (ending.is !== "stored") return undefined;
  if (work.do === "archive") return work.directory;
  return work.do === "move" ? destination(work.to) : undefined;
}

function destination(to: Destination): string {
  return to.to === "step" ? place(to.step) : to.path;
}

/** A step as traces name it. */
function place({ plugin, step }: StepName): string {
  return `${plugin}/${step}`;
}
