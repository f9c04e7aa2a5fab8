import { spawn } from "node:child_process";
import { constants } from "node:os";

/** How a finished program ended. */
export interface Ran {
  /** Exit code; 128 + signal number when a signal ended it, 127 when it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment; absent: this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which the program is asked to end, and killed when it does not; absent: never. */
  readonly timeoutMs?: number;
  /** Given on standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
  /**
   * `inherit` lets the user see the output as it comes; `stdout` and `stderr` of the result are empty then. `bytes`: they
   * have one character per byte, whatever the encoding.
   */
  readonly output?: "collect" | "inherit" | "bytes";
}

/** Between the request to end and the kill. */
const GRACE_MS = 2_000;

/** Runs a program to its end, never through a shell. Never rejects: what went wrong is in the code and in `stderr`. */
export function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<Ran> {
  const [file, ...args] = argv;
  const shown = options.output === "inherit";
  const child = spawn(file, args, {
    stdio: ["pipe", shown ? "inherit" : "pipe", shown ? "inherit" : "pipe"],
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const encoding = options.output === "bytes" ? "latin1" : "utf8";
  const stdout = collect(child.stdout, encoding);
  const stderr = collect(child.stderr, encoding);
  // A program that ends without reading its input is no error.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input);
  let timedOut = false;
  const timers: NodeJS.Timeout[] = [];
  if (options.timeoutMs !== undefined) {
    const end = (): void => {
      timedOut = true;
      child.kill("SIGTERM");
      timers.push(setTimeout(() => child.kill("SIGKILL"), GRACE_MS));
    };
    timers.push(setTimeout(end, options.timeoutMs));
  }
  return new Promise((resolve) => {
    const done = (code: number, more = ""): void => {
      for (const timer of timers) clearTimeout(timer);
      resolve({ code, stdout: stdout(), stderr: stderr() + more, timedOut });
    };
    child.on("error", (error) => done(127, `${file} could not be started: ${error.message}\n`));
    child.on("close", (code, signal) => done(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

function collect(stream: NodeJS.ReadableStream | null, encoding: BufferEncoding): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString(encoding);
}
