import { spawn } from "node:child_process";
import { createReadStream, openSync } from "node:fs";
import { constants as system } from "node:os";
import type { LogFile } from "../../kit/log-file.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { openLog } from "../cron/cronwrap.ts";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** The options that say how the log is rotated, and the variables that say the same. */
const POLICY = {
  "rotation-size": "LOGPROXY_ROTATION_SIZE",
  "rotation-time": "LOGPROXY_ROTATION_TIME",
  "rotated-files": "LOGPROXY_ROTATED_FILES",
  "log-directory": "LOGPROXY_LOG_DIRECTORY",
  chmod: "LOGPROXY_CHMOD",
} as const;

/** `log_proxy LOGFILE`: standard input, or a pipe, into a log that is rotated. */
export async function logProxy(context: Context, given: Given): Promise<ExitCode> {
  const log = openLog(given.args[0] ?? "", asked(context, given));
  const fifo = given.value("fifo");
  const input = fifo === undefined ? process.stdin : createReadStream("", { fd: openSync(fifo, "r") });
  for await (const chunk of input) await put(log, chunk as Buffer);
  await log.close();
  return 0;
}

/** `log_proxy_wrapper --stdout FILE --stderr FILE|STDOUT -- COMMAND`: ends as the command does, which gets the signals. */
export async function logProxyWrapper(context: Context, given: Given): Promise<ExitCode> {
  const [out, error] = [given.value("stdout"), given.value("stderr") ?? "STDOUT"];
  if (out === undefined) throw new UsageError("say where to: --stdout FILE, or NULL");
  const own = asked(context, given);
  const logs = new Map<string, LogFile | undefined>();
  const logOf = (name: string): LogFile | undefined => {
    if (!logs.has(name)) logs.set(name, name === "NULL" ? undefined : openLog(name, own));
    return logs.get(name);
  };
  const targets = { stdout: logOf(out), stderr: logOf(error === "STDOUT" ? out : error) };
  const [program = "", ...args] = given.args;
  const child = spawn(program, args, { stdio: ["inherit", "pipe", "pipe"], env: { ...context.env } });
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => {
      const log = targets[stream];
      if (log === undefined || log.write(chunk)) return;
      child[stream].pause();
      log.drained(() => child[stream].resume());
    });
  }
  for (const name of FORWARDED) process.on(name, () => child.kill(name));
  const code = await new Promise<ExitCode>((done) => {
    child.on("error", (problem) => {
      context.err(`log_proxy_wrapper: ${program} could not be started: ${problem.message}`);
      done(1);
    });
    child.on("close", (status, name) => done(status ?? 128 + (name === null ? 0 : system.signals[name])));
  });
  await Promise.all([...logs.values()].map((log) => log?.close()));
  return code;
}

function asked(context: Context, given: Given): Context {
  const said = Object.entries(POLICY).flatMap(([option, variable]) => {
    const value = given.value(option);
    return value === undefined ? [] : [[variable, value]];
  });
  return { ...context, env: { ...context.env, ...Object.fromEntries(said) } };
}

function put(log: LogFile, chunk: Buffer): Promise<void> {
  return new Promise((done) => (log.write(chunk) ? done() : log.drained(done)));
}
