import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import type { ExpectEvent } from "../../core/expect/types.ts";
import type { FlowConfig } from "../../core/flow/types.ts";
import type { TraceAnswer } from "../../core/trace/batch.ts";
import type { StepLog } from "./log.ts";

type TraceConfig = NonNullable<FlowConfig["trace"]>;

/** What the trace has not read yet, at most, bytes: beyond, it is behind and the pipeline does not wait for it. */
const UNREAD_MAX = 16 * 1024 * 1024;
const RESTART_MIN_MS = 1000;
const RESTART_MAX_MS = 60_000;
const CLOSE_MS = 3000;

export interface TraceLinkEvents {
  /** A new process knows nothing of what was defined before. */
  readonly started: () => void;
  /** So many removed files have their digest. */
  readonly digested: (files: number, bytes: number) => void;
  /** Something that should have arrived did not, or did after all. */
  readonly expected: (event: ExpectEvent) => void;
  /** How many files are announced and not begun. */
  readonly waiting: () => number;
}

/** The process that keeps the trace: started by the first thing it is told, and again when it dies. */
export class TraceLink {
  readonly #log: StepLog;
  readonly #on: TraceLinkEvents;
  #config: TraceConfig | undefined;
  #child: ChildProcess | undefined;
  #startAfterMs = 0;
  #delayMs = RESTART_MIN_MS;
  #behind = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: StepLog, on: TraceLinkEvents) {
    this.#log = log;
    this.#on = on;
  }

  /** Keeps the trace so from now on; undefined: not at all. */
  adopt(config: TraceConfig | undefined): void {
    if (isDeepStrictEqual(config, this.#config)) return;
    this.#config = config;
    void this.close();
    clearInterval(this.#timer);
    // What is expected is watched also while nothing comes: then above all.
    if (config?.settings.expect === undefined) return;
    this.ready();
    this.#timer = setInterval(() => {
      if (this.ready()) this.tell(`${JSON.stringify({ passages: [], waiting: this.#on.waiting() })}\n`);
    }, RESTART_MIN_MS).unref();
  }

  /** Whether there is anybody to tell; starts the process where it may be started. */
  ready(): boolean {
    if (this.#config === undefined) return false;
    if (this.#child !== undefined) return true;
    if (performance.now() < this.#startAfterMs) return false;
    this.#child = this.#start(this.#config);
    this.#on.started();
    return true;
  }

  /** False: it is not there or behind, and was told nothing. */
  tell(line: string): boolean {
    const pipe = this.#child?.stdin;
    if (pipe === undefined || pipe === null) return false;
    const behind = pipe.writableLength > UNREAD_MAX;
    if (behind && !this.#behind) this.#log.warning("the trace is behind; what it cannot take is left out of it");
    this.#behind = behind;
    if (!behind) pipe.write(line);
    return !behind;
  }

  /** Lets it write what it was told; resolves when it has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS).unref();
      child.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      child.stdin?.end();
    });
  }

  #start({ argv, settings }: TraceConfig): ChildProcess {
    const [program, ...args] = argv;
    const child = spawn(program, [...args, JSON.stringify(settings)], { stdio: ["pipe", "pipe", "pipe"] });
    const begunMs = performance.now();
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => this.#heard(JSON.parse(line)));
    createInterface({ input: child.stderr }).on("line", (line) => this.#log.warning(`trace: ${line}`));
    child.on("error", (error) => this.#ended(child, begunMs, error.message));
    child.on("close", (code, signal) => this.#ended(child, begunMs, signal ?? `exit code ${code}`));
    return child;
  }

  #heard(said: ExpectEvent | TraceAnswer): void {
    if ("digested" in said) this.#on.digested(...said.digested);
    else this.#on.expected(said);
  }

  #ended(child: ChildProcess, begunMs: number, how: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    const now = performance.now();
    this.#delayMs = now - begunMs > RESTART_MAX_MS ? RESTART_MIN_MS : Math.min(this.#delayMs * 2, RESTART_MAX_MS);
    this.#startAfterMs = now + this.#delayMs;
    this.#log.warning(`the trace's process ended (${how}); it is started again in ${this.#delayMs / 1000} s`);
  }
}
