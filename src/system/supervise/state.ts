import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { LogPolicy } from "../../core/module/log-policy.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import { bootId } from "../../kit/linux/process.ts";
import type { Child } from "./child.ts";
import type { Recorded } from "./leftovers.ts";

interface ProcessRecord extends Recorded {
  readonly service: string;
  readonly instance: number;
  /** A temporary socket path that a kill would leave behind. */
  readonly socket?: string;
}

interface Recording {
  readonly boot: string;
  readonly processes: readonly ProcessRecord[];
}

/** The processes that run now, on disk for the next supervisor: written before anything else happens after a start. */
export class ProcessRecords {
  readonly #path: string;
  readonly #boot = bootId();
  readonly #records = new Map<number, ProcessRecord>();
  #writeLater: NodeJS.Immediate | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** What an earlier supervisor recorded and this boot of the machine can still hold. */
  readEarlier(): readonly ProcessRecord[] {
    const earlier = readJson(this.#path) as Recording | undefined;
    return earlier?.boot === this.#boot && Array.isArray(earlier.processes) ? earlier.processes : [];
  }

  add({ service, instance, pid, startTicks }: Child, socket: string | undefined): void {
    this.#records.set(pid, { service, instance, pid, startTicks, ...(socket === undefined ? {} : { socket }) });
    this.#write();
  }

  /** To be called when nothing of the process's group is left. */
  remove({ pid }: Child): void {
    this.#records.delete(pid);
    this.#writeLater ??= setImmediate(() => {
      this.#writeLater = undefined;
      this.#write();
    });
  }

  /** Removes the file: there is nothing to look for any more. */
  close(): void {
    clearImmediate(this.#writeLater);
    rmSync(this.#path, { force: true });
  }

  /** Pids of the processes that were added and not removed. */
  pids(): ReadonlySet<number> {
    return new Set(this.#records.keys());
  }

  #write(): void {
    try {
      replaceFile(this.#path, JSON.stringify({ boot: this.#boot, processes: [...this.#records.values()] }));
    } catch (error) {
      // A full disk must not keep a worker from coming back; the marks in their environments still find them.
      console.error(`the list of processes could not be written: ${error}`);
    }
  }
}

/** What a supervisor was asked to run, for one that takes over after it was killed. */
export interface Desired {
  readonly logPolicy: LogPolicy;
  readonly services: readonly RunnableService[];
}

export function readDesired(path: string): Desired | undefined {
  return readJson(path) as Desired | undefined;
}

/** Private: environments hold passwords. */
export function writeDesired(path: string, desired: Desired): void {
  replaceFile(path, JSON.stringify(desired));
}

export function forgetDesired(path: string): void {
  rmSync(path, { force: true });
}

/** A kill between the two calls leaves the old content; not synced, as a power failure ends the processes anyway. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
