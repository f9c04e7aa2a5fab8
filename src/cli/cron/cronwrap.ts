import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { homedir, constants as system, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogPolicy } from "../../core/module/log-policy.ts";
import { type Lock, LockBusyError, lockFile } from "../../kit/linux/lock.ts";
import { becomeSubreaper, descendants, sendSignal } from "../../kit/linux/process.ts";
import { DEFAULT_LOG_POLICY, LogFile } from "../../kit/log-file.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { type JobOptions, jobArgv } from "./job.ts";

/** The predecessor's code for a job that was killed for taking too long. */
const TOO_LONG = 12;
const BUSY = ["print_stdout", "print_stderr", "nothing"];
/** Between the request to end and the kill. */
const GRACE_MS = 2000;

type Env = Context["env"];
type Output = (stream: "stdout" | "stderr", chunk: Buffer) => void;

/** `cronwrap`: a job that another one of the same command keeps from running is no failure. */
export async function cronwrap(context: Context, given: Given): Promise<ExitCode> {
  const timeoutS = seconds(given, "timeout", 3600);
  const waitS = seconds(given, "wait-for-lock-timeout", 1);
  const behaviour = given.value("lock-timeout-behaviour") ?? "print_stdout";
  if (!BUSY.includes(behaviour)) throw new UsageError(`--lock-timeout-behaviour is one of ${BUSY.join(", ")}`);
  const argv = jobArgv(given.args, optionsOf(given));
  let lock: Lock | undefined;
  if (given.flag("lock")) {
    try {
      lock = await lockFile(lockPath(given.args, context.env), { waitMs: waitS * 1000 });
    } catch (error) {
      if (!(error instanceof LockBusyError)) throw error;
      const text = `the same job is still running, nothing done: ${given.args.join(" ")}`;
      if (behaviour === "print_stdout") context.out(text);
      if (behaviour === "print_stderr") context.err(text);
      return 0;
    }
  }
  try {
    await sleep(Math.random() * seconds(given, "random-sleep", 0) * 1000);
    return await runJob(argv, timeoutS, given.value("log-capture-to"), context);
  } finally {
    lock?.release();
  }
}

async function runJob(
  argv: readonly [string, ...string[]],
  timeoutS: number,
  log: string | undefined,
  context: Context,
): Promise<ExitCode> {
  const file = log === undefined || log === "NULL" ? undefined : openLog(log, context);
  const output: Output = (stream, chunk) => {
    if (file !== undefined) file.write(chunk);
    else if (log === undefined) process[stream].write(chunk);
  };
  // What the job leaves behind becomes a child of this process, and is found when it must end.
  becomeSubreaper();
  const ended = await childOf(argv, timeoutS, output, context);
  await file?.close();
  return ended;
}

function childOf(
  [program, ...args]: readonly [string, ...string[]],
  timeoutS: number,
  output: Output,
  context: Context,
): Promise<ExitCode> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...context.env }, detached: true });
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].on("data", (chunk: Buffer) => output(stream, chunk));
  let tooLong = false;
  let timer: NodeJS.Timeout | undefined;
  if (timeoutS > 0) {
    timer = setTimeout(() => {
      tooLong = true;
      output("stderr", Buffer.from(`cronwrap: killed after ${timeoutS} s: ${[program, ...args].join(" ")}\n`));
      void endAll();
    }, timeoutS * 1000);
  }
  const stop = (): void => void endAll();
  process.on("SIGTERM", stop).on("SIGINT", stop);
  return new Promise((done) => {
    child.on("error", (error) => {
      output("stderr", Buffer.from(`cronwrap: ${program} could not be started: ${error.message}\n`));
      clearTimeout(timer);
      done(127);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      done(tooLong ? TOO_LONG : (code ?? 128 + (signal === null ? 0 : system.signals[signal])));
    });
  });
}

/** Asks everything below this process to end, and kills what does not. */
async function endAll(): Promise<void> {
  for (const pid of descendants(process.pid)) sendSignal(pid, "SIGTERM");
  await sleep(GRACE_MS);
  for (const pid of descendants(process.pid)) sendSignal(pid, "SIGKILL");
}

function optionsOf(given: Given): JobOptions {
  const low = given.flag("low");
  if (low && (given.value("nice") !== undefined || given.value("ionice") !== undefined)) {
    throw new UsageError("--low says --nice and --ionice already");
  }
  const file = given.value("load-env-file") ?? "~/.bashrc";
  return {
    shell: given.flag("shell"),
    ...(given.flag("load-env") && { environmentFile: file.replace(/^~(?=\/)/, homedir()) }),
    nice: low ? "19" : given.value("nice"),
    ionice: low ? "3" : given.value("ionice"),
  };
}

function seconds(given: Given, name: string, initial: number): number {
  const text = given.value(name);
  const value = text === undefined ? initial : Number(text);
  if (Number.isFinite(value) && value >= 0 && text?.trim() !== "") return value;
  throw new UsageError(`--${name} is a number of seconds`);
}

function lockPath(job: readonly string[], env: Env): string {
  const digest = createHash("sha256").update(job.join("\0")).digest("hex").slice(0, 32);
  return join(env["TMPDIR"] ?? tmpdir(), `cronwrapper_${process.getuid?.() ?? 0}_${digest}.lock`);
}

/** In the module's log directory, rotated as its other logs are: the module's environment says how. */
export function openLog(name: string, { env, cwd }: Context): LogFile {
  const number = (variable: string, initial: number): number => Number(env[variable] ?? initial) || 0;
  const policy: LogPolicy = {
    maxBytes: number("LOGPROXY_ROTATION_SIZE", DEFAULT_LOG_POLICY.maxBytes),
    maxAgeS: number("LOGPROXY_ROTATION_TIME", DEFAULT_LOG_POLICY.maxAgeS),
    maxBytesPerMinute: 0,
    keep: number("LOGPROXY_ROTATED_FILES", DEFAULT_LOG_POLICY.keep),
    mode: Number.parseInt(env["LOGPROXY_CHMOD"] ?? "", 8) || DEFAULT_LOG_POLICY.mode,
  };
  return new LogFile(resolve(cwd, env["LOGPROXY_LOG_DIRECTORY"] ?? "", name), () => policy);
}
