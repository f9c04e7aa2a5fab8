import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../integration/flow-harness.ts";
import { root } from "../../support/appliance.ts";

type Message = Readonly<Record<string, unknown>>;

/** One line of the transcript: what the pipeline does, then what the step has to answer. */
export interface Exchange {
  readonly about: string;
  readonly pipeline?: readonly Message[];
  /** Into how many pieces what the pipeline says is cut. */
  readonly pieces?: number;
  readonly close?: boolean;
  readonly signal?: NodeJS.Signals;
  readonly step?: readonly Message[];
  readonly exit?: number;
}

/** The pipeline's end of the conversation, and the program at the other. */
export class Player {
  readonly #directory: string;
  readonly #server: Server;
  readonly #child: ChildProcess;
  #socket: Socket | undefined;
  #heard: Message[] = [];
  #log = "";
  #files = 0;

  private constructor(directory: string, server: Server, argv: readonly [string, ...string[]]) {
    this.#directory = directory;
    this.#server = server;
    server.on("connection", (socket) => this.#connected(socket));
    const [program, ...args] = argv;
    const env = {
      ...process.env,
      PYTHONPATH: join(root, "layers/python3/lib"),
      NODE_PATH: join(root, "layers/nodejs/node_modules"),
      PYTHONDONTWRITEBYTECODE: "1",
      METWORK_ALLOW_USAGE_BY_ROOT: "1",
      METWORK_STEP_SOCKET: join(directory, "socket"),
      MFMODULE_RUNTIME_HOME: directory,
      MFDATA_DATA_IN_DIR: join(directory, "in"),
      MFDATA_CURRENT_PLUGIN_NAME: "conf",
      MFDATA_CURRENT_STEP_NAME: "main",
    };
    this.#child = spawn(program, args, { env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
  }

  static async start(argv: readonly [string, ...string[]]): Promise<Player> {
    const directory = mkdtempSync(join(tmpdir(), "mw-"));
    mkdirSync(join(directory, "in", "tmp", "conf.main.work"), { recursive: true });
    const server = createServer();
    server.listen(join(directory, "socket"));
    await once(server, "listening");
    return new Player(directory, server, argv);
  }

  async play(exchange: Exchange): Promise<void> {
    if (exchange.close === true) this.#socket?.destroy();
    if (exchange.signal !== undefined) this.#child.kill(exchange.signal);
    this.#say(exchange);
    const expected = ordered(exchange.step ?? []);
    try {
      await until("it answers", () => this.#heard.length >= expected.length || this.#child.exitCode !== null);
      assert.equal(this.#heard.length, expected.length);
      for (const [index, said] of ordered(this.#heard).entries()) assertLike(said, expected[index]);
      this.#heard = [];
      if (exchange.exit === undefined) return;
      await until("it ends", () => this.#child.exitCode !== null);
      assert.equal(this.#child.exitCode, exchange.exit);
    } catch (error) {
      throw new Error(`${exchange.about}: ${String(error)}\nheard ${JSON.stringify(this.#heard)}\n${this.#log}`);
    }
  }

  #say({ pipeline = [], pieces = 1 }: Exchange): void {
    const lines = pipeline.map((message) => `${JSON.stringify({ ...message, ...this.#fileOf(message) })}\n`).join("");
    const size = Math.ceil(lines.length / pieces);
    for (let at = 0; at < lines.length; at += size) this.#socket?.write(lines.slice(at, at + size));
  }

  /** A file of the content the transcript asks for. */
  #fileOf({ path }: Message): Message {
    if (typeof path !== "object" || path === null || !("content" in path)) return {};
    this.#files += 1;
    const file = join(this.#directory, `file${this.#files}`);
    writeFileSync(file, String(path.content));
    return { path: file };
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    let rest = "";
    socket.setEncoding("utf8").on("error", () => undefined);
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#heard.push(...lines.map((line) => withContent(JSON.parse(line))));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await ended;
    }
    this.#socket?.destroy();
    this.#server.close();
    rmSync(this.#directory, { recursive: true });
  }
}

/** What it sends is looked at when it says so. */
function withContent(message: Message): Message {
  const { op, path } = message;
  return op === "emit" ? { ...message, path: { content: readFileSync(String(path), "utf8") } } : message;
}

/** Tags and outputs of a file may come in any order, and room for the next at any time. */
function ordered(messages: readonly Message[]): readonly Message[] {
  const rank = ["hello", "tag", "emit", "done", "stop", "next"];
  return messages.toSorted((a, b) => rank.indexOf(String(a["op"])) - rank.indexOf(String(b["op"])));
}

/** Fields beyond those expected do not matter; `*` is any text but an empty one. */
function assertLike(said: Message, expected: Message = {}): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value === "*") assert.match(String(said[name] ?? ""), /./);
    else assert.deepEqual(said[name], value, `${name} of ${JSON.stringify(said)}`);
  }
}
