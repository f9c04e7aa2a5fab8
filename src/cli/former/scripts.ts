import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expand } from "../../core/base/jinja.ts";
import { become, findProgram } from "../../kit/become.ts";
import { run } from "../../kit/exec.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { reportTask } from "../print/task.ts";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What a module, its layers and its plugins put into an environment. */
const OURS =
  /^(?:MF|METWORK_|LAYERAPI2_|LOGPROXY_|PYTHONPATH$|PYTHON|NODE_PATH$|LD_LIBRARY_PATH$|PKG_CONFIG_PATH$|TMPDIR$)/;

/** `outside COMMAND`: becomes the command, in an environment without anything of ours. */
export async function outside(context: Context, given: Given): Promise<ExitCode> {
  const env = Object.fromEntries(
    Object.entries(context.env).flatMap(([name, value]) =>
      value === undefined || OURS.test(name) ? [] : [[name, value]],
    ),
  );
  const [command = ""] = given.args;
  const program = findProgram(command, SYSTEM_PATH);
  if (program === undefined) {
    context.err(`error[MF8054]: ${command}: no such command of the system`);
    return 127;
  }
  return become(program, given.args, { ...env, PATH: SYSTEM_PATH });
}

/** `_no_automatic_kill.sh COMMAND`: nothing here kills what somebody starts, so it becomes the command. */
export async function passOn(context: Context, given: Given): Promise<ExitCode> {
  const [command = ""] = given.args;
  const program = findProgram(command, context.env["PATH"] ?? "");
  if (program !== undefined) return become(program, given.args, strings(context.env));
  context.err(`error[MF8054]: ${command}: no such command`);
  return 127;
}

function strings(env: Context["env"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** `repeat.sh COMMAND`: again every second, until it ends with 0. */
export async function repeat(_context: Context, given: Given): Promise<ExitCode> {
  const [program = "", ...args] = given.args;
  while ((await run([program, ...args], { output: "inherit" })).code !== 0) await sleep(1000);
  return 0;
}

/** `mfprogress -- COMMAND`: one line that says how it ended. Exit 1 when it failed or took too long. */
export async function progress(context: Context, given: Given): Promise<ExitCode> {
  const seconds = Number(given.value("timeout") ?? "180");
  if (!(seconds > 0)) throw new UsageError("--timeout is a number of seconds");
  const [program = "", ...args] = given.args;
  const ran = await run([program, ...args], { timeoutMs: seconds * 1000 });
  const fine = ran.code === 0 && !ran.timedOut;
  reportTask(context, given.value("title") ?? given.args.join(" "), fine ? "OK" : "ERROR");
  if (!fine && !given.flag("silent")) {
    context.err(`${ran.stdout}${ran.stderr}${ran.timedOut ? `killed after ${seconds} s` : ""}`.trimEnd());
  }
  return fine ? 0 : 1;
}

/** `get_unique_hexa_identifier`: 32 random digits. */
export async function uniqueIdentifier(context: Context): Promise<ExitCode> {
  context.out(randomUUID().replaceAll("-", ""));
  return 0;
}

/** `log LEVEL MESSAGE`: a line of the log as plugins write it; warnings and worse go to standard error. */
export async function log(context: Context, given: Given): Promise<ExitCode> {
  const [asked = "", ...words] = given.args;
  const level = LEVELS.indexOf(asked.toUpperCase());
  if (level === -1) throw new UsageError(`\`${asked}\` is none of ${LEVELS.join(", ")}`);
  if (level < LEVELS.indexOf(context.env["MFLOG_MINIMAL_LEVEL"] ?? "INFO")) return 0;
  const time = `${new Date().toISOString().slice(0, -1)}000Z`;
  const mark = `[${LEVELS[level]}]`.padStart(10);
  const line = `${time} ${mark} (${given.value("application-name") ?? "default"}#${process.ppid}) ${words.join(" ")}`;
  if (level >= LEVELS.indexOf("WARNING")) context.err(line);
  else context.out(line);
  return 0;
}

/** `envtpl`: standard input, its Jinja filled with the environment. */
export async function fillTemplate(context: Context, given: Given): Promise<ExitCode> {
  const variables = strings(context.env);
  const filled = expand(await text(process.stdin), variables, given.flag("allow-missing") ? "empty" : "error");
  if (!filled.ok) {
    context.err(`Error: ${filled.message}`);
    return 1;
  }
  context.out(given.flag("reduce-multi-blank-lines") ? filled.text.replace(/\n{3,}/g, "\n\n") : filled.text);
  return 0;
}
