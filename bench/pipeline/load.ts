import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { png } from "../../test/integration/flow-harness.ts";

/** The C programs beside this file, compiled, and the file they give away: a PNG image of 2 KB. */
export interface Programs {
  readonly limit: string;
  readonly load: string;
  readonly payload: string;
}

/** What `load run` prints; see there. */
export interface Timed {
  readonly seen: number;
  readonly twice: number;
  readonly overflows: number;
  /** Milliseconds since the epoch. */
  readonly firstAtMs: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function compile(): Programs {
  const directory = mkdtempSync(join(tmpdir(), "mw-bench-"));
  const build = (name: string): string => {
    const program = join(directory, name);
    execFileSync("cc", ["-O2", "-pthread", "-o", program, join(import.meta.dirname, `${name}.c`)]);
    return program;
  };
  const payload = join(directory, "payload.png");
  writeFileSync(payload, png(1));
  return { limit: build("limit"), load: build("load"), payload };
}

/** Files on their way into one directory, numbered on. */
export class Source {
  readonly #programs: Programs;
  readonly #stage: string;
  #next = 0;
  #staged = 0;

  /** `stage` must be on the file system of where the files go. */
  constructor(programs: Programs, stage: string) {
    this.#programs = programs;
    this.#stage = stage;
    mkdirSync(stage, { recursive: true });
  }

  /** Makes files ready to be given away, or (`directory`) puts them where they are to be found. */
  stage(count: number, directory = this.#stage): void {
    const { load, payload } = this.#programs;
    execFileSync(load, ["stage", directory, String(this.#next), String(count), payload]);
    this.#staged = count;
  }

  /** Gives away what was staged, a file every `intervalUs`, and waits until all has arrived in `out`. */
  async run(drop: string, out: string, intervalUs = 0): Promise<Timed> {
    const timed = await this.#load(["run", this.#stage, this.#next, this.#staged, drop, out, intervalUs]);
    if (timed.seen < this.#staged) throw new Error(`${this.#staged - timed.seen} of ${this.#staged} never arrived`);
    this.#next += this.#staged;
    return timed;
  }

  /** Waits until `enough` of what was staged has arrived in `out`. */
  async watch(out: string, enough: number): Promise<Timed> {
    const timed = await this.#load(["watch", this.#stage, this.#next, this.#staged, out, enough]);
    if (timed.seen < enough) throw new Error(`only ${timed.seen} of ${enough} arrived`);
    return timed;
  }

  async #load(args: readonly (string | number)[]): Promise<Timed> {
    const child = spawn(this.#programs.load, args.map(String), { stdio: ["ignore", "pipe", "inherit"] });
    return JSON.parse(await text(child.stdout));
  }
}
