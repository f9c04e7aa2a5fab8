import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowConfig } from "../../../src/core/flow/types.ts";
import { NODE_FLAGS, PIPELINE_ENV } from "../../../src/core/plan/service/own.ts";
import { Pipeline, until } from "../../integration/flow-harness.ts";
import { StepWorker } from "../../integration/steps-harness.ts";
import { Generator } from "./generator.ts";
import { countFinals, expectedFinals, judge, type Verdict } from "./oracle.ts";
import { ownProgram, plantConfig } from "./plant.ts";
import { Random } from "./random.ts";

const MAIN = join(import.meta.dirname, "..", "..", "..", "src", "main", "flow.ts");
const WORKING_MS = 30_000;
const LOG_CHARS = 256 * 1024;

/** A pipeline under fire: the real daemon, begun again as a supervisor does, workers, Redis, and files that keep coming. */
export class World implements AsyncDisposable {
  readonly flow: Pipeline;
  readonly random: Random;
  readonly files: Generator;
  readonly workers: StepWorker[] = [];
  /** Milliseconds from a death of the daemon to the next file at an end. */
  readonly gaps: number[] = [];
  /** Environment of the next daemon. */
  env: Record<string, string> = {};
  /** What the next daemon is started by. */
  launcher: readonly string[] = [];
  deaths = 0;
  /** The last of what daemons had to warn of. */
  log = "";
  #daemon: ChildProcess | undefined;
  #wanted = false;
  #watching: Promise<void> = Promise.resolve();

  constructor(seed: number, base?: string) {
    this.flow = new Pipeline(base);
    this.random = new Random(seed);
    this.files = new Generator(this.flow, this.random);
  }

  async start({ redis = true, workers = 2, config = {} as Partial<FlowConfig> } = {}): Promise<void> {
    if (redis) await this.flow.startRedis();
    this.flow.configure(plantConfig(this.flow, config));
    this.#wanted = true;
    this.#begin();
    const program = ownProgram(this.flow);
    for (const plugin of ["own", "again"]) {
      for (let worker = 0; worker < workers; worker++) this.workers.push(new StepWorker(this.flow, plugin, program));
    }
    await until("the pipeline takes files", () => existsSync(this.flow.incoming));
  }

  /** Lets files be dropped before there is a daemon. */
  prepare(): void {
    mkdirSync(this.flow.incoming, { recursive: true });
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** Kills the daemon, if its own order did not; returns once it is dead and another was begun. */
  async killDaemon(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const daemon = this.#daemon;
    const deaths = this.deaths;
    daemon?.kill(signal);
    await until("the daemon is dead", () => this.deaths > deaths);
  }

  /** Waits until the daemon dies of an order; false: it did not get there. */
  async died(deaths: number, ms: number): Promise<boolean> {
    return until("", () => this.deaths > deaths, ms).then(
      () => true,
      () => false,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon?.kill(signal);
  }

  /** Ends the daemon for good. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#wanted = false;
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "close");
    process.kill(-this.pid, signal);
    await ended;
  }

  revive(): void {
    this.#wanted = true;
    this.#begin();
  }

  /** Files that are not at their end. */
  missing(): number {
    return expectedFinals(this.files.samples) - countFinals(this.flow);
  }

  /** Waits until every file is at its end, then looks at all of them. */
  async settle(ms = 120_000): Promise<Verdict> {
    const isDone = (): boolean =>
      this.missing() <= 0 && this.flow.inside().every((path) => path.startsWith(join(this.flow.dataIn, "trash")));
    await until("every file is at its end", isDone, ms).catch(() => undefined);
    await this.#watching;
    return judge(this.flow, this.files.samples);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Promise.all(this.workers.map((worker) => worker.stop("SIGKILL")));
    await this.flow.close();
  }

  #begin(): void {
    const path = join(this.flow.root, "flow.json");
    const argv = [...this.launcher, process.execPath, ...NODE_FLAGS, MAIN, path];
    const [program = "", ...args] = argv;
    const daemon = spawn(program, args, {
      env: { ...process.env, ...PIPELINE_ENV, TZ: "UTC", ...this.env },
      stdio: ["ignore", "ignore", "pipe"],
      // A launcher's end must be the daemon's as well.
      detached: true,
    });
    daemon.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.log = `${this.log}${text}`.slice(-LOG_CHARS);
    });
    this.#daemon = daemon;
    daemon.on("exit", () => {
      if (!this.#wanted) return;
      this.deaths += 1;
      this.#watching = this.#watch();
      this.#begin();
    });
  }

  /** The archive's directory changes when a file arrives there. */
  async #watch(): Promise<void> {
    const died = performance.now();
    const { deaths } = this;
    const before = changed(this.flow.archive);
    for (let look = 1; changed(this.flow.archive) === before && performance.now() - died < WORKING_MS; look++) {
      // One that dies again before it did anything says nothing about how long it takes.
      if (!this.#wanted || this.deaths > deaths || (look % 100 === 0 && this.missing() <= 0)) return;
      await sleep(5);
    }
    if (this.#wanted) this.gaps.push(performance.now() - died);
  }
}

/** The value below which that share of the numbers is. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function changed(directory: string): number {
  return statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
