import { execa, type Options } from "execa";

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
  /** Milliseconds after which the program is killed; absent: never. */
  readonly timeoutMs?: number;
  /** Given on standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
  /** `inherit` lets the user see the output as it comes; `stdout` and `stderr` of the result are empty then. */
  readonly output?: "collect" | "inherit";
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGTERM: 15,
};

/** Runs a program to its end, never through a shell. Never rejects: what went wrong is in the code and in `stderr`. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<Ran> {
  const [file, ...args] = argv;
  const settings: Options = {
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    reject: false,
    stripFinalNewline: false,
    forceKillAfterDelay: 2_000,
    stdin: options.input === undefined ? "ignore" : "pipe",
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.output === "inherit" ? { stdout: "inherit", stderr: "inherit" } : {}),
  };
  const result = await execa(file, args, settings);
  const signal = result.signal === undefined ? undefined : (SIGNALS[result.signal] ?? 15);
  const notStarted = result.exitCode === undefined && signal === undefined;
  return {
    code: result.exitCode ?? (signal === undefined ? 127 : 128 + signal),
    stdout: text(result.stdout),
    stderr: notStarted ? `${result.shortMessage ?? `${file} could not be started`}\n` : text(result.stderr),
    timedOut: result.timedOut,
  };
}

function text(output: unknown): string {
  return typeof output === "string" ? output : "";
}
