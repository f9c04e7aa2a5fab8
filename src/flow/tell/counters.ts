import { TAG } from "../../core/flow/tags.ts";
import { type Destination, type FlowStep, type StepName, stepKey } from "../../core/flow/types.ts";
import type { MessageLists } from "../../kit/redis.ts";
import type { FlowEvents } from "../engine/events.ts";
import type { Job } from "../engine/lane.ts";
import { messageOf } from "../errors.ts";
import type { Ending, Sent } from "../types.ts";
import type { StepLog } from "./log.ts";

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
  readonly #files = new Map<string, number>();
  readonly #traces = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: MessageLists, log: StepLog) {
    this.#redis = redis;
    this.#log = log;
  }

  entered({ file, lane, counter }: Job): void {
    this.#add(this.#files, stepKey(lane.step));
    if (counter === 0) this.#add(this.#traces, `<${file.tags.get(TAG.dirname)}~${place(lane.step)}`);
  }

  sent({ lane }: Job, { to }: Sent): void {
    this.#add(this.#traces, `${place(lane.step)}~${place(to)}`);
  }

  ended({ lane }: Job, ending: Ending): void {
    const to = whereTo(lane.step, ending);
    if (to !== undefined) this.#add(this.#traces, `${place(lane.step)}~${to}`);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#redis.up || this.#files.size + this.#traces.size === 0) return;
    const now = Date.now();
    const day = new Date(now).toISOString().slice(0, 10);
    const files = [...this.#files].flatMap(([key, count]) => [
      ["INCRBY", `counter.${key}`, count] as const,
      ["SET", `latest.${key}`, Math.floor(now / 1000)] as const,
    ]);
    const traces = [...this.#traces].flatMap(([edge, count]) => [
      ["INCRBY", `trace@${day}~${edge}`, count] as const,
      ["EXPIRE", `trace@${day}~${edge}`, TRACE_LIFE_S] as const,
    ]);
    this.#files.clear();
    this.#traces.clear();
    await this.#redis.send([...files, ...traces]).catch((error: unknown) => {
      this.#log.warning(`counters could not be sent: ${messageOf(error)}`);
    });
  }

  #add(counts: Map<string, number>, key: string): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }
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
