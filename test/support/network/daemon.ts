import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { until } from "../../integration/flow-harness.ts";

/** A server of another program, in the foreground, on a port of this machine only. */
export class Daemon {
  readonly port: number;
  readonly #argv: readonly [string, ...string[]];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  readonly #ready: RegExp | undefined;
  #log = "";

  /** `ready`: what it says when it is, for one that listens before. */
  constructor(
    port: number,
    argv: readonly [string, ...string[]],
    env: Readonly<Record<string, string>> = {},
    ready?: RegExp,
  ) {
    this.port = port;
    this.#argv = argv;
    this.#env = env;
    this.#ready = ready;
  }

  get log(): string {
    return this.#log;
  }

  async start(): Promise<void> {
    const [program, ...args] = this.#argv;
    const child = spawn(program, args, { env: { ...process.env, ...this.#env } });
    this.#child = child;
    const before = this.#log.length;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
    await until(
      `${program} answers`,
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended: ${this.#log}`);
        return this.#ready?.test(this.#log.slice(before)) ?? isListening(this.port);
      },
      120_000,
    );
  }

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/**
 * The words that put a program into a process namespace: what it starts on its own ends with it. `empty` directories are
 * its own and empty, whatever the machine has there.
 */
export function boxed(...empty: readonly string[]): readonly [string, ...string[]] {
  const own = empty.flatMap((directory) => ["--tmpfs", directory]);
  return ["bwrap", "--dev-bind", "/", "/", ...own, "--unshare-pid", "--proc", "/proc", "--die-with-parent"];
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
