import { spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { Contract, contractKey } from "../core/expect/contract.ts";
import type { Arrived, Expectation, ExpectEvent, ExpectState, Watched } from "../core/expect/types.ts";
import type { ExpectSettings } from "../core/trace/batch.ts";

/** After a start nothing is judged while more files than these wait to be taken in, but for ten minutes. */
const WAITING_MAX = 50;
const SETTLE_MAX_MS = 600_000;
const HOOK_MS = 60_000;

/** Watches the expectations of all plugins, and remembers what is due over restarts and kills. */
export class ExpectWatcher {
  readonly #statePath: string;
  readonly #specs: readonly Expectation[];
  readonly #tell: (event: ExpectEvent) => void;
  readonly #warn: (message: string) => void;
  readonly #contracts = new Map<string, Contract>();
  readonly #startMs: number;
  readonly #settleMs: number;
  #waiting = Number.POSITIVE_INFINITY;
  #settled = false;

  constructor(
    { specs, state, settleMs }: ExpectSettings,
    tell: (event: ExpectEvent) => void,
    warn: (message: string) => void,
  ) {
    this.#statePath = state;
    this.#settleMs = settleMs;
    this.#specs = specs;
    this.#tell = tell;
    this.#warn = warn;
    this.#startMs = Date.now();
    const before = this.#read();
    for (const spec of specs) {
      try {
        this.#contracts.set(contractKey(spec), new Contract(spec, before?.watched[contractKey(spec)], this.#startMs));
      } catch (error) {
        warn(
          `[expect_${spec.name}] of ${spec.plugin} is not watched: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
    this.#save();
  }

  arrived(files: readonly Arrived[]): void {
    if (files.length === 0) return;
    const now = Date.now();
    const before = this.#summary();
    for (const contract of this.#contracts.values()) {
      for (const file of files) this.#tellAll(contract.arrived(file, now));
    }
    if (this.#summary() !== before) this.#save();
  }

  /** How many files are there that nobody has looked at yet. */
  waiting(files: number): void {
    this.#waiting = files;
  }

  /** To be called about once a second. */
  tick(): void {
    const now = Date.now();
    const age = now - this.#startMs;
    this.#settled ||= (age >= this.#settleMs && this.#waiting <= WAITING_MAX) || age >= SETTLE_MAX_MS;
    const before = this.#summary();
    for (const contract of this.#contracts.values()) this.#tellAll(contract.tick(now, this.#settled));
    if (this.#summary() !== before) this.#save();
  }

  #tellAll(events: readonly ExpectEvent[]): void {
    for (const event of events) {
      this.#tell(event);
      const spec = this.#specs.find((one) => contractKey(one) === contractKey(event));
      if (spec !== undefined) this.#hook(spec, event);
    }
  }

  #hook({ command, home, plugin, name }: Expectation, event: ExpectEvent): void {
    const [program, ...args] = command;
    if (program === undefined) return;
    const env = {
      ...process.env,
      METWORK_EXPECT_PLUGIN: plugin,
      METWORK_EXPECT_NAME: name,
      METWORK_EXPECT_STATE: event.state,
      METWORK_EXPECT_DUE: new Date(event.at).toISOString(),
      METWORK_EXPECT_MATCH: event.match,
      METWORK_EXPECT_GOT: String(event.got),
      METWORK_EXPECT_WANTED: String(event.wanted),
    };
    const child = spawn(program, args, { cwd: home, env, stdio: "ignore", timeout: HOOK_MS, killSignal: "SIGKILL" });
    const failed = (how: string): void => this.#warn(`the command of [expect_${name}] of ${plugin} failed: ${how}`);
    child.on("error", (error) => failed(error.message));
    child.on("exit", (code, signal) => {
      if (code !== 0) failed(signal ?? `exit code ${code}`);
    });
  }

  /** What must not be lost, to see whether it changed. */
  #summary(): string {
    return JSON.stringify([...this.#contracts.values()].map(({ watched }) => watched));
  }

  #read(): ExpectState | undefined {
    try {
      return JSON.parse(readFileSync(this.#statePath, "utf8"));
    } catch {
      return undefined;
    }
  }

  #save(): void {
    const watched: Record<string, Watched> = {};
    for (const [key, contract] of this.#contracts) watched[key] = contract.watched;
    const state: ExpectState = { watched };
    try {
      writeFileSync(`${this.#statePath}.t`, `${JSON.stringify(state)}\n`, { mode: 0o640 });
      renameSync(`${this.#statePath}.t`, this.#statePath);
    } catch (error) {
      this.#warn(`what is expected cannot be remembered: ${error instanceof Error ? error.message : error}`);
    }
  }
}
