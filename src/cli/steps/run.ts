import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type * as StepClient from "../../../layers/nodejs/node_modules/metwork-step/index.d.ts";
import { nameFromBytes, systemPath } from "../../core/flow/names.ts";
import { parseStepName } from "../../core/flow/recognise.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { installRoot } from "../context.ts";

type Env = Readonly<Record<string, string | undefined>>;
type File = StepClient.StepFile;

interface Task {
  readonly argv: readonly [string, ...string[]];
  /** `plugin/step`; undefined: nothing is sent on. */
  readonly to: string | undefined;
  /** The file itself is sent on. */
  readonly pass: boolean;
  /** Outputs take the names of their files. */
  readonly rename: boolean;
}

/** `metwork step run`: a step that runs a command for each file. Ends when it is told to, by SIGTERM or SIGINT. */
export async function runStep(context: Context, given: Given): Promise<ExitCode> {
  const task = readTask(given);
  const parallel = Number(given.value("parallel") ?? "1");
  if (!Number.isInteger(parallel) || parallel < 1) throw new UsageError("--parallel must be a whole number above 0");
  const { log, serve } = loadClient();
  await serve((file) => handle(task, file, context.env, log), { parallel, sdk: "shell/1" });
  return 0;
}

function readTask(given: Given): Task {
  const [program, ...args] = given.args;
  if (program === undefined) throw new UsageError("missing argument COMMAND");
  const to = given.value("to");
  if (to !== undefined && parseStepName(to) === undefined)
    throw new UsageError(`--to is \`${to}\`; it must be \`plugin/step\``);
  const [pass, rename] = [given.flag("pass"), given.flag("rename")];
  if (to === undefined && (pass || rename)) throw new UsageError("--pass and --rename need --to");
  return { argv: [program, ...args], to, pass, rename };
}

/** The client that steps in JavaScript use. */
function loadClient(): typeof StepClient {
  return createRequire(import.meta.url)(join(installRoot, "layers/nodejs/node_modules/metwork-step"));
}

async function handle(task: Task, file: File, env: Env, log: typeof StepClient.log): Promise<void> {
  const work = file.temporaryPath();
  const out = join(work, "out");
  const newTags = join(work, "tags");
  mkdirSync(out, { recursive: true });
  try {
    const variables = { ...fileVariables(file), METWORK_OUT: out, METWORK_NEW_TAGS: newTags };
    await command(task.argv, { ...env, ...variables }, log);
    for (const [name, value] of readNewTags(newTags)) file.setTag(name, value);
    send(task, file, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What the command put into its directory leaves once the file is done. */
function send({ to, pass, rename }: Task, file: File, out: string): void {
  const names = readdirSync(out, { encoding: "buffer" }).map(nameFromBytes).sort();
  if (to === undefined) {
    if (names.length > 0) throw new Error(`it made ${names.join(", ")}, and no --to says where that goes`);
    return;
  }
  for (const name of names) {
    const path = file.temporaryPath();
    renameSync(systemPath(join(out, name)), path);
    const tags = rename ? { ...file.tags, "first.core.original_basename": name } : { ...file.tags };
    file.emit(to, { path, tags });
  }
  if (pass) file.emit(to);
}

/** What a command is told of its file; a tag `first.core.original_uid` is METWORK_TAG_FIRST_CORE_ORIGINAL_UID. */
function fileVariables({ path, tags, attempt }: File): Record<string, string> {
  const ofTags = Object.entries(tags).map(([name, value]): [string, string] => [
    `METWORK_TAG_${name.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}`,
    value.replaceAll("\0", ""),
  ]);
  return {
    ...Object.fromEntries(ofTags),
    METWORK_FILE: path,
    METWORK_BASENAME: tags["first.core.original_basename"] ?? "unknown",
    METWORK_ATTEMPT: String(attempt),
  };
}

/** Runs it to its end, its output a line of the log each; rejects when it fails, with the last it said. */
function command(argv: Task["argv"], env: Env, log: typeof StepClient.log): Promise<void> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log.info(line);
      if (line.trim() !== "") last = line.trim();
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${signal ?? code}${last === "" ? "" : `: ${last}`}`));
    });
  });
}

/** Lines `name=value`. */
function readNewTags(path: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name, value] = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`a new tag is \`name=value\`, not ${line}`);
      return [name, value];
    });
}
