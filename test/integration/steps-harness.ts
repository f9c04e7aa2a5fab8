import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach } from "node:test";
import type { FlowStep } from "../../src/core/flow/types.ts";
import { Pipeline, step, until } from "./flow-harness.ts";

const LAYERS = join(import.meta.dirname, "..", "..", "layers");

/** A step that its own program does. */
export function ownStep(plugin: string, more: Partial<FlowStep> = {}): FlowStep {
  return step(plugin, { do: "external" }, more);
}

/** A process of a step, as the supervisor would start it: begun again when it ends, until it is stopped. */
export class StepWorker {
  readonly #start: () => ChildProcess;
  #child: ChildProcess;
  #wanted = true;
  #log = "";
  starts = 0;
  /** Between an end and the next start; a supervisor holds back who ends soon. */
  pauseMs = 0;

  constructor(flow: Pipeline, plugin: string, argv: readonly [string, ...string[]], env: Record<string, string> = {}) {
    const all = {
      ...process.env,
      PYTHONPATH: join(LAYERS, "python3", "lib"),
      NODE_PATH: join(LAYERS, "nodejs", "node_modules"),
      PYTHONDONTWRITEBYTECODE: "1",
      METWORK_STEP_SOCKET: join(flow.root, "flow.socket"),
      MFMODULE: "MFDATA",
      MFMODULE_RUNTIME_HOME: flow.root,
      MFDATA_DATA_IN_DIR: flow.dataIn,
      MFDATA_CURRENT_PLUGIN_NAME: plugin,
      MFDATA_CURRENT_PLUGIN_DIR: flow.root,
      MFDATA_CURRENT_STEP_NAME: "main",
      OUT: flow.root,
      ...env,
    };
    const [program, ...args] = argv;
    this.#start = () => {
      this.starts += 1;
      const child = spawn(program, args, { env: all, cwd: flow.root });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          this.#log += text;
        });
      }
      child.on("exit", () => {
        setTimeout(() => {
          if (this.#wanted) this.#child = this.#start();
        }, this.pauseMs);
      });
      return child;
    };
    this.#child = this.#start();
  }

  get log(): string {
    return this.#log;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends it; returns its exit code (null: by a signal). */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#wanted = false;
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }
}

/** Gives each test of a suite a pipeline of its own; ends it afterwards, with the workers the test put into the list. */
export function pipelineOfEach(give: (flow: Pipeline) => void): StepWorker[] {
  const workers: StepWorker[] = [];
  let flow: Pipeline;
  beforeEach(() => {
    flow = new Pipeline();
    give(flow);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop("SIGKILL")));
    await flow.close();
  });
  return workers;
}

/** A Python step with this body of a class; it runs in `flow.root`. */
export function python(
  flow: Pipeline,
  plugin: string,
  body: string,
  base = "AcquisitionStep",
  options: readonly string[] = base === "AcquisitionTransformStep" ? ["--dest-dir=archive/main"] : [],
): StepWorker {
  const script = join(flow.root, `${plugin}.py`);
  const lines = body.split("\n").map((line) => (line === "" ? "" : `    ${line}`));
  writeFileSync(
    script,
    [
      "import json, os, signal, sys, time",
      `from acquisition import ${base}`,
      "from acquisition.decorators import *",
      "from xattrfile import XattrFile",
      "OUT = os.environ['OUT']",
      "",
      "def note(*what):",
      "    with open(os.path.join(OUT, 'notes'), 'a') as file:",
      "        file.write(' '.join(str(one) for one in what) + '\\n')",
      "",
      `class Step(${base}):`,
      ...lines,
      "",
      "if __name__ == '__main__':",
      "    Step().run()",
      "",
    ].join("\n"),
  );
  return new StepWorker(flow, plugin, ["python3", script, ...options, "--step-name=main", `step.${plugin}.main`]);
}

/** What steps noted, a line each. */
export function notes(flow: Pipeline): readonly string[] {
  try {
    return readFileSync(join(flow.root, "notes"), "utf8").trimEnd().split("\n");
  } catch {
    return [];
  }
}

type Message = Readonly<Record<string, unknown>>;

/** A worker that speaks the protocol word by word. */
export class RawStep {
  readonly #socket: Socket;
  readonly heard: Message[] = [];
  closed = false;

  constructor(flow: Pipeline) {
    this.#socket = connect(join(flow.root, "flow.socket"));
    let rest = "";
    this.#socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.heard.push(...lines.map((line) => JSON.parse(line) as Message));
    });
    this.#socket.on("close", () => {
      this.closed = true;
    });
    this.#socket.on("error", () => undefined);
  }

  say(...messages: readonly Message[]): void {
    for (const message of messages) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  hello(plugin: string, count = 1): void {
    this.say({ op: "hello", protocol: 1, step: `${plugin}/main`, sdk: "test" }, { op: "next", count });
  }

  /** Files it was given, until there are so many. */
  async files(count: number): Promise<readonly Message[]> {
    const files = (): Message[] => this.heard.filter(({ op }) => op === "file");
    await until(`${count} files are given`, () => files().length >= count);
    return files();
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Moves a file straight into a step's directory. */
export function give(flow: Pipeline, plugin: string, name: string, content: string | Uint8Array): void {
  const directory = join(flow.dataIn, `step.${plugin}.main`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.t`), content);
  renameSync(join(directory, `${name}.t`), join(directory, name));
}
