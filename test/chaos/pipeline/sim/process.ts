import { posix } from "node:path";
import type { Hint } from "../../../../src/core/flow/hint.ts";
import type { Output } from "../../../../src/flow/engine/deliver.ts";
import type { Engine } from "../../../../src/flow/engine/engine.ts";
import type { FlowEvents } from "../../../../src/flow/engine/events.ts";
import type { Logs, StepLog } from "../../../../src/flow/tell/log.ts";
import type { Loan, Returned, Workers } from "../../../../src/flow/workers.ts";
import type { Random } from "../random.ts";
import { type Disk, Killed } from "./disk.ts";
import { CONFIG } from "./plant.ts";

type Task = () => void;

/** What the running process asked to be done later; the schedule decides when. */
let tasks: Task[] = [];
const realImmediate = setImmediate;

/** From now on nothing in this process happens later by itself. */
export function simulateTime(): void {
  const later = (task: Task) => {
    tasks.push(task);
    return { unref: () => undefined, forget: task };
  };
  const never = (handle?: { forget?: Task }): void => {
    tasks = tasks.filter((task) => task !== handle?.forget);
  };
  Object.assign(globalThis, { setTimeout: later, setImmediate: later, clearTimeout: never, clearImmediate: never });
  process.on("unhandledRejection", (error) => {
    if (!(error instanceof Killed)) throw error;
  });
}

/** Lets all promises go as far as they can. */
export function settle(): Promise<void> {
  return new Promise((resolve) => realImmediate(() => realImmediate(resolve)));
}

const shows = process.env["CHAOS_SHOW"] === "1";
const logs: Logs = { flush: nothing, named: (name) => logFor(name) };

/** `CHAOS_SHOW=1`: what the engine has to say about a schedule. */
function logFor(name: string): StepLog {
  const say = (message: string): void => (shows ? console.log(`    ${name}: ${message}`) : undefined);
  return { debug: nothing, info: say, warning: say, error: say };
}

const events: FlowEvents = { entered: nothing, sent: nothing, ended: nothing };

/** A daemon: the real engine on a simulated disk, with workers and an observer that do what the schedule says. */
export class Process {
  readonly #disk: Disk;
  readonly #random: Random;
  readonly #engine: Engine;
  readonly #hints = new Map<string, Hint[]>();
  readonly #room = new Map<string, (files: number) => void>();
  loans: Loan[] = [];

  constructor(make: typeof Engine, disk: Disk, random: Random) {
    this.#disk = disk;
    this.#random = random;
    tasks = [];
    const input = {
      take: (key: string) => this.#hints.get(key)?.shift(),
      isWatchedFor: () => true,
      listLater: nothing,
      waiting: () => 0,
    };
    const workers = {
      open: (key: string, _log: StepLog, onRoom: (files: number) => void) => {
        this.#room.set(key, onRoom);
        onRoom(3);
      },
      close: nothing,
      lend: (_key: string, loan: Loan) => this.loans.push(loan),
      areBusy: false,
    } as unknown as Workers;
    this.#engine = new make(input, workers, events, logs);
    this.#attempt(() => this.#engine.adopt(CONFIG));
  }

  get idle(): boolean {
    return tasks.length === 0 && this.loans.length === 0;
  }

  /** Announces what a listing of one, or of every, watched directory finds; some of it twice, some not at all. */
  announce(all: boolean): void {
    for (const { directory, steps } of CONFIG.watched) {
      if (!all && this.#random.chance(0.5)) continue;
      this.#attempt(() => this.#list(directory, steps[0] ?? "", all));
    }
  }

  #list(directory: string, key: string, all: boolean): void {
    if (!this.#disk.directories.has(directory)) return;
    for (const filename of this.#disk.list(directory)) {
      const times = all ? 1 : this.#random.below(3);
      if (filename.startsWith(".metwork.")) continue;
      const hints = this.#hints.get(key) ?? [];
      this.#hints.set(key, hints);
      for (let time = 0; time < times; time++) hints.push({ directory, filename, event: "created" });
    }
    this.#engine.ready(key);
  }

  /** Does one of the things it had put off. */
  work(): void {
    const task = this.#random.take(tasks);
    if (task !== undefined) this.#attempt(task);
  }

  /** A worker is done with one of the files it holds. */
  giveBack(how: (loan: Loan) => Returned): void {
    const loan = this.#random.take(this.loans);
    if (loan !== undefined) this.#attempt(() => loan.returned(how(loan)));
    for (const onRoom of this.#room.values()) this.#attempt(() => onRoom(3 - this.loans.length));
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
}

/** What the workers of the plant do with a file: see ROUTES. */
export function handle(disk: Disk, { file, path }: Loan): Returned {
  const name = file.tags.get("first.core.original_basename") ?? "";
  if (name.startsWith("f")) return { is: "failed", reason: "always" };
  const to = (plugin: string, mode: Output["mode"], from = path): Output => {
    return { path: from, to: { plugin, step: "main" }, mode, tags: new Map(file.tags) };
  };
  if (name.startsWith("l")) file.tags.set("latest.own.main.large", "x".repeat(40_000));
  if (name.startsWith("h")) return { is: "ok", outputs: [to("again", "move")] };
  if (!name.startsWith("e")) return { is: "ok", outputs: [to("archive", "move")] };
  const made = posix.join("/scratch", file.tags.get("first.core.original_uid") ?? "");
  if (!disk.dead) disk.files.set(made, { data: disk.files.get(path)?.data ?? "", attribute: undefined, links: 1 });
  return { is: "ok", outputs: [to("copies", "move", made), to("archive", "link")] };
}

function nothing(): void {}
