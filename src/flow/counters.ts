import type { MessageLists } from "../kit/redis.ts";
import { messageOf } from "./errors.ts";
import type { StepLog } from "./log.ts";

const FLUSH_MS = 1000;
const TRACE_LIFE_S = 86_400;

/** Counts what happened for whoever looks into Redis; sent once a second, never waited for. */
export class Counters {
  readonly #redis: MessageLists;
  readonly #log: StepLog;
  readonly #files = new Map<string, number>();
  readonly #traces = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: MessageLists, log: StepLog) {
    this.#redis = redis;
    this.#log = log;
  }

  /** A step was given a file: `counter.<p>.<s>`, `latest.<p>.<s>`. */
  file(key: string): void {
    this.#add(this.#files, key);
  }

  /** A file went from one place to another: `trace@<UTC day>~<from>~<to>`. */
  trace(from: string, to: string): void {
    this.#add(this.#traces, `${from}~${to}`);
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
