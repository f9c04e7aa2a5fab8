import { readEnviron, readProcess, sendSignal, stoppedChildren } from "../../kit/linux/process.ts";
import { tasksOfMachine, type Usage, usageOf } from "../../kit/linux/usage.ts";
import { RUN_MARKER } from "./command.ts";
import { Liveness } from "./liveness.ts";
import type { Slowness } from "./slow.ts";
import type { Ward } from "./ward.ts";

const LOOK_MS = 1_000;
/** Everything is counted at least every so many looks, however few tasks the machine has gained. */
const FULL_LOOKS = 10;
/** So many new tasks on the machine are worth a count at once, which is then asked this often. */
const SUDDEN_TASKS = 200;
const SUDDEN_MS = 200;
/** Above so much of its limit a process is no longer given the time to be replaced. */
const FAR_ABOVE = 1.25;
/** How long a process may be stopped by a signal: a debugger, or somebody who looks around, takes less. */
const STOPPED_MS = 1_000;

/** Looks after running processes: what they use, whether they answer and how soon, whether they stand still. */
export class Watch {
  readonly #wards: () => readonly Ward[];
  readonly #liveness: Liveness;
  readonly #slowness: Slowness;
  readonly #timers: NodeJS.Timeout[];
  readonly #onChildSignal = (): void => this.#seeStopped();
  #looks = 0;
  #tasks = 0;

  constructor(wards: () => readonly Ward[], slowness: Slowness) {
    this.#wards = wards;
    this.#slowness = slowness;
    this.#liveness = new Liveness(wards);
    this.#timers = [setInterval(() => this.#look(), LOOK_MS), setInterval(() => this.#lookSuddenly(), SUDDEN_MS)];
    for (const timer of this.#timers) timer.unref();
    process.on("SIGCHLD", this.#onChildSignal);
  }

  end(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#liveness.end();
    this.#slowness.end();
    process.off("SIGCHLD", this.#onChildSignal);
  }

  #look(): void {
    this.#liveness.ask();
    this.#slowness.look();
    const wards = this.#wards();
    const isDue = this.#looks++ % FULL_LOOKS === 0 || wards.some(({ service }) => service.limits.memory !== undefined);
    if (isDue) this.#count(wards);
  }

  /** A fork bomb is a matter of milliseconds. */
  #lookSuddenly(): void {
    if (tasksOfMachine() > this.#tasks + SUDDEN_TASKS) this.#count(this.#wards());
  }

  #count(wards: readonly Ward[]): void {
    this.#tasks = tasksOfMachine();
    const limited = wards.filter(({ service: { limits } }) => (limits.memory ?? limits.tasks) !== undefined);
    if (limited.length === 0) return;
    const usages = usageOf(new Set(limited.map(({ child }) => child.pid)), strays(limited));
    for (const ward of limited) {
      const usage = usages.get(ward.child.pid);
      if (usage !== undefined) judge(ward, usage);
    }
  }

  /** The kernel tells when a child is stopped by a signal. */
  #seeStopped(): void {
    const stopped = new Set(stoppedChildren());
    if (stopped.size === 0) return;
    for (const ward of this.#wards()) if (stopped.has(ward.child.pid)) setTimeout(goOn, STOPPED_MS, ward).unref();
  }
}

function judge(ward: Ward, { tasks, bytes }: Usage): void {
  const { limits } = ward.service;
  if (limits.tasks !== undefined && tasks > limits.tasks) {
    ward.condemn(`it and what it started were ${tasks} tasks, tasks_max is ${limits.tasks}`);
  } else if (limits.memory !== undefined && bytes > limits.memory) {
    const reason = `it held ${megabytes(bytes)} of memory, memory_max is ${megabytes(limits.memory)}`;
    if (bytes > limits.memory * FAR_ABOVE) ward.condemn(reason);
    else ward.renew(reason);
  }
}

/** Finds the family of an orphan that this process adopted, by the mark in its environment. */
function strays(wards: readonly Ward[]): (pid: number, parent: number) => number | undefined {
  const byRun = new Map(wards.map(({ child }) => [`${RUN_MARKER}=${child.run}`, child.pid]));
  return (pid, parent) => {
    if (parent !== process.pid) return undefined;
    const mark = readEnviron(pid).find((entry) => entry.startsWith(RUN_MARKER));
    return mark === undefined ? undefined : byRun.get(mark);
  };
}

function goOn({ child, note }: Ward): void {
  if (child.end() !== undefined || readProcess(child.pid)?.state !== "T") return;
  sendSignal(-child.pid, "SIGCONT");
  note("it was stopped by a signal, and told to go on");
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}
