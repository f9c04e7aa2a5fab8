import { decodeHint, encodeHint, type Hint } from "../../core/flow/hint.ts";
import { type MessageLists, openMessageLists, type Popped } from "../../kit/redis.ts";
import { messageOf } from "../errors.ts";
import { priorityOf } from "../file/ids.ts";
import type { StepLog } from "../tell/log.ts";

/** Announcements kept in memory per step while Redis is away; what comes on top is found by a listing. */
const MEMORY_LIMIT = 10_000;
/** Announcements taken from Redis at once, and the stock per step below which more are taken. */
const BATCH = 128;
const STOCK = 512;
const PUSH_MAX = 500;
/** Redis says it has nothing although something was pushed: wait this long before believing that it was lost, seconds. */
const LOST_AFTER_S = 0.25;
const PAUSE_MS = 500;
/** Some steps have enough to do: look this often whether there is something for the others, or until those have less. */
const GLANCE_MS = 10;
/** With nothing to do, the wait for Redis is begun anew this often, seconds. */
const IDLE_S = 10;

export interface HintQueueEvents {
  /** There is something to take for this step. */
  readonly ready: (key: string) => void;
  /** Announcements for these steps were lost: their directories must be listed. */
  readonly lost: (keys: readonly string[]) => void;
}

/** What the name of a step's list begins with. */
const LIST = "step.";

interface Lane {
  outbox: string[];
  stock: Hint[];
  /** Index of the first of `stock` not taken yet. */
  taken: number;
  /** Files with a priority, the highest first. They never go through Redis, whose lists know no overtaking. */
  readonly urgent: { readonly priority: number; readonly hint: Hint }[];
  /** Pushed to Redis and not seen since. */
  inRedis: number;
  overflowed: boolean;
}

/**
 * Announcements on their way from the observer to the steps, through one Redis list per step. Redis may be away,
 * flushed, stopped or read-only: announcements then stay in memory, or are lost and noticed, and the files are found by
 * a listing. It never holds a file up.
 */
export class HintQueue {
  readonly #lanes = new Map<string, Lane>();
  readonly #events: HintQueueEvents;
  readonly #log: StepLog;
  readonly #redis: MessageLists;
  #flushing = false;
  #closed = false;
  /** Redis refused; it is left alone until then (monotonic milliseconds). */
  #pausedUntil = 0;
  #wake: (() => void) | undefined;
  /** The steps a long wait for Redis is for: of others it would not hear. */
  #idleOn: ReadonlySet<string> | undefined;
  #everUp = false;

  constructor(socket: string, events: HintQueueEvents, log: StepLog) {
    this.#events = events;
    this.#log = log;
    this.#redis = openMessageLists({ socket, onChange: (up) => this.#redisChanged(up) });
    void this.#consume();
  }

  get redis(): MessageLists {
    return this.#redis;
  }

  /** Sets which steps there are, by key. Announcements of others are forgotten. */
  serve(keys: readonly string[]): void {
    for (const key of this.#lanes.keys()) if (!keys.includes(key)) this.#lanes.delete(key);
    for (const key of keys) {
      if (!this.#lanes.has(key)) {
        this.#lanes.set(key, { outbox: [], stock: [], taken: 0, urgent: [], inRedis: 0, overflowed: false });
      }
    }
    this.#signal();
  }

  push(key: string, hint: Hint): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    const priority = priorityOf(hint.filename);
    if (priority > 0) {
      this.#hurry(key, lane, hint, priority);
      return;
    }
    if (!this.#usable() || this.#idleOn?.has(key) === false) {
      this.#keep(key, lane, hint);
      return;
    }
    lane.outbox.push(encodeHint(hint, Date.now()));
    if (lane.outbox.length >= PUSH_MAX) this.#flush(key, lane);
    else if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flushAll());
    }
  }

  take(key: string): Hint | undefined {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return undefined;
    if (lane.urgent.length > 0) return lane.urgent.shift()?.hint;
    const hint = lane.stock[lane.taken];
    if (hint === undefined) {
      if (lane.overflowed) {
        lane.overflowed = false;
        this.#events.lost([key]);
      }
      return undefined;
    }
    lane.taken += 1;
    if (lane.taken === lane.stock.length) {
      lane.stock = [];
      lane.taken = 0;
    }
    if (lane.stock.length - lane.taken < STOCK) this.#signal();
    return hint;
  }

  /** How many announcements are on their way to a step. */
  waiting(key: string): number {
    const lane = this.#lanes.get(key);
    return lane === undefined
      ? 0
      : lane.inRedis + lane.outbox.length + lane.stock.length - lane.taken + lane.urgent.length;
  }

  close(): void {
    this.#closed = true;
    this.#redis.close();
    this.#signal();
  }

  #usable(): boolean {
    return this.#redis.up && performance.now() >= this.#pausedUntil;
  }

  #flushAll(): void {
    this.#flushing = false;
    for (const [key, lane] of this.#lanes) if (lane.outbox.length > 0) this.#flush(key, lane);
  }

  #flush(key: string, lane: Lane): void {
    const messages = lane.outbox;
    lane.outbox = [];
    lane.inRedis += messages.length;
    this.#redis.push(LIST + key, messages).catch((error: unknown) => {
      this.#pause(error);
      lane.inRedis = Math.max(0, lane.inRedis - messages.length);
      this.#receive(key, lane, messages);
    });
  }

  #hurry(key: string, lane: Lane, hint: Hint, priority: number): void {
    if (lane.urgent.length >= MEMORY_LIMIT) lane.overflowed = true;
    else {
      let at = lane.urgent.length;
      while (at > 0 && (lane.urgent[at - 1]?.priority ?? 0) < priority) at -= 1;
      lane.urgent.splice(at, 0, { priority, hint });
    }
    this.#events.ready(key);
  }

  #keep(key: string, lane: Lane, hint: Hint): void {
    if (lane.stock.length - lane.taken < MEMORY_LIMIT) lane.stock.push(hint);
    else lane.overflowed = true;
    this.#events.ready(key);
  }

  #receive(key: string, lane: Lane, messages: readonly string[]): void {
    for (const message of messages) {
      const hint = decodeHint(message);
      if (hint === undefined) this.#log.warning(`a message in the queue step.${key} is not understood: ${message}`);
      else if (lane.stock.length - lane.taken < MEMORY_LIMIT) lane.stock.push(hint);
      else lane.overflowed = true;
    }
    this.#events.ready(key);
  }

  async #consume(): Promise<void> {
    while (!this.#closed) {
      const hungry = [...this.#lanes].filter(([, lane]) => lane.stock.length - lane.taken < STOCK).map(([key]) => key);
      if (hungry.length === 0 || !this.#usable()) await this.#signalled(hungry.length > 0 ? PAUSE_MS : undefined);
      else if (hungry.length === this.#lanes.size) await this.#fetch(hungry);
      else if (!(await this.#glance(hungry))) await this.#signalled(GLANCE_MS);
    }
  }

  /** Takes what is there for the hungry steps; whether there was anything. Redis waits for longer than it is told. */
  async #glance(keys: readonly string[]): Promise<boolean> {
    try {
      const popped = await this.#redis.pop(listsOf(keys), BATCH);
      if (popped === undefined) return false;
      this.#fetched(popped);
    } catch (error) {
      if (!this.#closed) this.#pause(error);
    }
    return true;
  }

  /** Waits for the first announcement for any step; one that should be there and is not was lost. */
  async #fetch(keys: readonly string[]): Promise<void> {
    const expecting = keys.filter((key) => (this.#lanes.get(key)?.inRedis ?? 0) > 0);
    const idle = expecting.length === 0;
    this.#idleOn = idle ? new Set(keys) : undefined;
    try {
      const popped = await this.#redis.pop(listsOf(keys), BATCH, idle ? IDLE_S : LOST_AFTER_S);
      if (popped !== undefined) this.#fetched(popped);
      else this.#miss(expecting);
    } catch (error) {
      if (!this.#closed) this.#pause(error);
    }
    this.#idleOn = undefined;
  }

  #fetched({ key: list, messages }: Popped): void {
    const key = list.slice(LIST.length);
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    lane.inRedis = Math.max(0, lane.inRedis - messages.length);
    this.#receive(key, lane, messages);
  }

  #miss(keys: readonly string[]): void {
    const lost = keys.filter((key) => (this.#lanes.get(key)?.inRedis ?? 0) > 0);
    for (const key of lost) {
      const lane = this.#lanes.get(key);
      if (lane !== undefined) lane.inRedis = 0;
    }
    if (lost.length === 0) return;
    this.#log.warning(`announcements for ${lost.join(", ")} are no longer in redis; listing the directories`);
    this.#events.lost(lost);
  }

  #redisChanged(up: boolean): void {
    if (this.#closed) return;
    if (up) this.#log.info("redis is there");
    else this.#log.warning("redis is away; announcements stay in memory");
    for (const lane of this.#lanes.values()) lane.inRedis = 0;
    if (this.#everUp) this.#events.lost([...this.#lanes.keys()]);
    this.#everUp = true;
    this.#signal();
  }

  #pause(error: unknown): void {
    if (this.#usable()) this.#log.warning(`redis does not work: ${messageOf(error)}; announcements stay in memory`);
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }

  #signal(): void {
    this.#wake?.();
  }

  /** Until something changes, or so many milliseconds while Redis is there. */
  #signalled(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms !== undefined && this.#redis.up ? setTimeout(() => this.#wake?.(), ms) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

function listsOf(keys: readonly string[]): readonly string[] {
  return keys.map((key) => LIST + key);
}
