import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  type Dirent,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32, deflateSync } from "node:zlib";
import { sidecarOwner } from "../../src/core/flow/names.ts";
import type { FlowConfig, FlowStep, StepWork, SwitchRuleSpec } from "../../src/core/flow/types.ts";

const MAIN = new URL("../../src/main/flow.ts", import.meta.url).pathname;

/** So many files at most wait for their end when more come than were to come. */
const AHEAD = 500;

/** Those that were not closed yet. */
const pipelines = new Set<Pipeline>();

/** A module's pipeline in a temporary directory, with its own redis-server and the real daemon. */
export class Pipeline {
  readonly root: string;
  readonly dataIn: string;
  readonly incoming: string;
  readonly archive: string;
  readonly stage: string;
  readonly configPath: string;
  readonly #socket: string;
  #redis: ChildProcess | undefined;
  #daemon: ChildProcess | undefined;
  #log = "";

  constructor(base = tmpdir()) {
    this.root = mkdtempSync(join(base, "metwork-flow-"));
    this.dataIn = join(this.root, "in");
    this.incoming = join(this.dataIn, "incoming");
    this.archive = join(this.root, "archive");
    this.stage = join(this.root, "stage");
    this.configPath = join(this.root, "flow.json");
    this.#socket = join(this.root, "redis.socket");
    mkdirSync(this.stage);
    pipelines.add(this);
  }

  get log(): string {
    return this.#log;
  }

  get daemonPid(): number {
    return this.#daemon?.pid ?? 0;
  }

  configure(config: FlowConfig): void {
    writeFileSync(this.configPath, JSON.stringify(config));
  }

  /** guess_file_type, switch, and what the given rules lead to. */
  config(steps: readonly FlowStep[], rules: readonly SwitchRuleSpec[], more: Partial<FlowConfig> = {}): FlowConfig {
    const noMatch = { noMatch: "keep", noMatchOriginalName: true } as const;
    const all = [
      step("guess_file_type", {
        do: "guess_file_type",
        to: { plugin: "switch", step: "main" },
        headerLength: 60,
        sizeTag: true,
        customOnly: false,
      }),
      step("switch", { do: "switch", ...noMatch, rules }),
      ...steps,
    ];
    return {
      version: 1,
      dataIn: this.dataIn,
      redisSocket: this.#socket,
      lockFile: join(this.root, "flow.lock"),
      adoptedFile: join(this.root, "flow_adopted"),
      stepSocket: join(this.root, "flow.socket"),
      ignore: ["^.*\\.t$", "^.*\\.tmp$"],
      forcedPollS: 300,
      pollQueueLimit: 10_000,
      log: { level: "INFO" },
      limits: { freeBytes: 0, freeInodes: 0, waiting: 0 },
      refusingFile: join(this.root, "refusing.json"),
      lifetimes: { trashS: 0, tmpS: 0, unfinishedS: 0, emptyS: 0, everyS: 60 },
      steps: all,
      watched: [
        { directory: this.incoming, steps: ["guess_file_type.main"], external: true },
        ...all.map(({ plugin, step }) => ({
          directory: join(this.dataIn, `step.${plugin}.${step}`),
          steps: [`${plugin}.${step}`],
          external: false,
        })),
      ],
      ...more,
    };
  }

  async startRedis(...extra: string[]): Promise<void> {
    const child = spawn("redis-server", [
      ...["--port", "0", "--unixsocket", this.#socket, "--save", "", "--dir", this.root, "--daemonize", "no", ...extra],
    ]);
    this.#redis = child;
    await until("redis answers", async () => (await this.redis("PING").catch(() => "")) === "+PONG");
  }

  async killRedis(): Promise<void> {
    await kill(this.#redis, "SIGKILL");
    this.#redis = undefined;
    rmSync(this.#socket, { force: true });
  }

  /** Sends one inline command and returns the raw first reply. */
  async redis(command: string): Promise<string> {
    const socket = connect(this.#socket);
    try {
      await once(socket, "connect");
      socket.write(`${command}\r\n`);
      const [reply] = await once(socket, "data");
      return String(reply).trim();
    } finally {
      socket.destroy();
    }
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, this.configPath], {
      env: { ...process.env, TZ: "UTC", ...env },
    });
    this.#daemon = child;
    const before = this.#log.length;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
    await until("the daemon runs", () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended: ${this.#log.slice(before)}`);
      return /running \d+ steps/.test(this.#log.slice(before));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon?.kill(signal);
  }

  signalRedis(signal: NodeJS.Signals): void {
    this.#redis?.kill(signal);
  }

  /** Ends the daemon; returns its exit code (null: by a signal). */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    return kill(this.#daemon, signal);
  }

  async close(): Promise<void> {
    pipelines.delete(this);
    await this.stop("SIGKILL");
    await this.killRedis();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Writes `name` completely outside, then moves it into incoming. */
  drop(name: string, content: string | Uint8Array): void {
    const staged = join(this.stage, "file");
    writeFileSync(staged, content);
    execFileSync("mv", [staged, join(this.incoming, name)]);
  }

  get isRunning(): boolean {
    return this.#daemon !== undefined && this.#daemon.exitCode === null && this.#daemon.signalCode === null;
  }

  archived(directory = this.archive): string[] {
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((name) => !name.endsWith(".tags") && !name.startsWith(".metwork."))
      .sort();
  }

  tags(name: string): Map<string, string> {
    const lines = readFileSync(join(this.archive, `${name}.tags`), "utf8")
      .trimEnd()
      .split("\n");
    return new Map(lines.map((line) => line.split(" = ") as [string, string]));
  }

  /** Files anywhere in the pipeline's own directories; a side-car that a kill left without its file is none. */
  inside(): string[] {
    return filesBelow(this.dataIn).filter((path) =>
      existsSync(join(dirname(path), sidecarOwner(basename(path)) ?? basename(path))),
    );
  }

  /**
   * Calls `drop` for file after file, `least` of them and on until all faults are done, so that none of these finds the
   * pipeline empty, however busy the machine is. Gives how many files there are.
   */
  async feed(least: number, drop: (index: number) => void, faults: () => Promise<void>): Promise<number> {
    let over = false;
    const done = faults().finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    let count = 0;
    for (; count < least || !over; count++) {
      const hasRoom = (): boolean => over || count - this.archived().length < AHEAD;
      if (count >= least) await until("the pipeline keeps up", hasRoom);
      drop(count);
      // The sender's pace: files come all the time while the daemon dies.
      if (count % 4 === 3) await sleep(1);
    }
    await done;
    return count;
  }
}

/** Files below a directory, while others make and remove some there. */
export function filesBelow(directory: string): string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

export function step(plugin: string, work: StepWork, more: Partial<FlowStep> = {}): FlowStep {
  return { plugin, step: "main", work, lanes: 1, onFailure: { do: "keep" }, debug: false, ...more };
}

export function archiveStep(directory: string, plugin = "archive"): FlowStep {
  return step(plugin, { do: "archive", directory, basename: "{ORIGINAL_BASENAME}", tagsSuffix: ".tags" });
}

/** `[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]`, or another tag. */
export function rule(
  pattern: string,
  to: string,
  tag = "latest.guess_file_type.main.system_magic",
  type: SwitchRuleSpec["type"] = "fnmatch",
): SwitchRuleSpec {
  const targets = to.split(",").map((text) => ({
    plugin: text.replace("*", ""),
    step: "main",
    hardlink: text.endsWith("*"),
  }));
  return { plugin: "test", type, tag, pattern, targets };
}

/** A real PNG of about `bytes` bytes, different for each seed. */
export function png(seed: number, bytes = 2048): Buffer {
  const width = Math.max(1, Math.round(Math.sqrt(bytes / 3)));
  let state = seed * 2654435761 + 1;
  const noise = Buffer.from(
    Array.from({ length: (width * 3 + 1) * width }, (_, index) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return index % (width * 3 + 1) === 0 ? 0 : state >>> 24;
    }),
  );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(noise)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  const sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Waits for a condition; fails with its name, and what the daemons said last, after the deadline. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 60_000,
  everyMs = 10,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      const said = [...pipelines].map(({ log }) => log.split("\n").slice(-20).join("\n"));
      throw new Error(`not within ${ms} ms: ${what}\n${said.join("\n\n")}`);
    }
    await sleep(everyMs);
  }
}

/** Waits until a log, which comes through a pipe, says all of that. */
export async function says(of: { readonly log: string }, ...all: readonly RegExp[]): Promise<void> {
  for (const one of all) await until(`it says ${one}`, () => one.test(of.log));
}

async function kill(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<number | null> {
  if (child === undefined) return null;
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
  return child.exitCode;
}
