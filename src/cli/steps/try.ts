import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stepKey } from "../../core/flow/types.ts";
import { admit } from "../../core/plan/admit.ts";
import { environmentOf, MODULE_ENVIRONMENT, planEnvironments } from "../../core/plan/environments.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { stepService } from "../../core/plan/service/parts.ts";
import { flowOf } from "../../core/plan/service/pipeline.ts";
import type { ServiceSpec } from "../../core/plan/types.ts";
import type { Plugin, Step } from "../../core/plugin/types.ts";
import { openLogs } from "../../flow/log.ts";
import { trialOutputs, tryStep } from "../../flow/trial.ts";
import { findProgram } from "../../kit/become.ts";
import { loadPlanInput } from "../../system/load/plan-input.ts";
import { loadPlugin } from "../../system/load/plugins.ts";
import { findInstalled } from "../../system/plugins/installed.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { regularFile } from "../files/tags.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { reportTrial } from "./report.ts";

/** A step as it would run, and what it belongs to. */
interface Chosen {
  readonly input: PlanInput;
  readonly plugin: Plugin;
  readonly part: Step;
}

/** How long a program may take to end when it is told to, milliseconds. */
const GOODBYE_MS = 3000;

/** `metwork step try`: 1 when the step fails on a file, or cannot be tried. */
export async function tryFiles(context: Context, given: Given): Promise<ExitCode> {
  const files = given.args.map((file) => regularFile(context, file));
  const chosen = files.includes(undefined) ? undefined : await choose(context, given);
  if (chosen === undefined) return 1;
  const directory = join(chosen.input.paths.runtime, "tmp", chosen.plugin.name, "try");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  // The path of a socket is short; that of the plugin's directory need not be.
  const sockets = mkdtempSync(join(tmpdir(), "mw-try-"));
  try {
    const paths = { directory, socket: join(sockets, "step"), files: files.filter((file) => file !== undefined) };
    return await attempt(context, insulate(chosen, directory), paths, given.flag("debug"));
  } catch (error) {
    context.err(`error[MF8075]: the step cannot be tried: ${error instanceof Error ? error.message : String(error)}`);
    context.err("  = help: its log above says more; correct it and try again");
    return 1;
  } finally {
    rmSync(sockets, { recursive: true, force: true });
  }
}

interface Places {
  readonly directory: string;
  readonly socket: string;
  readonly files: readonly string[];
}

async function attempt(context: Context, chosen: Chosen, places: Places, debug: boolean): Promise<ExitCode> {
  const { input, plugin, part } = chosen;
  const { admitted } = admit(input);
  const flow = flowOf(input, admitted);
  const key = stepKey({ plugin: plugin.name, step: part.name });
  const step = flow.ok ? flow.value.steps.find((one) => stepKey(one) === key) : undefined;
  const running = admitted.running.find((one) => one.plugin === plugin && one.part === part);
  if (!flow.ok || step === undefined || running === undefined) {
    printDiagnostics(
      context,
      flow.notes.filter((note) => note.plugin === plugin.name),
    );
    context.err(`error[MF8075]: ${key} does not run as it is configured (a step with numprocesses = 0 does not)`);
    context.err("  = help: metwork plan mfdata says why");
    return 1;
  }
  const lines: string[] = [];
  const hear = (text: string): number => lines.push(...text.trimEnd().split("\n"));
  const logs = openLogs({ stdout: hear, stderr: hear }, process.pid);
  const service = stepService({ plugin, part, argv: running.argv }, input);
  const environments = planEnvironments(input, admitted);
  const env = {
    ...environments[MODULE_ENVIRONMENT],
    ...environments[environmentOf(plugin.name)],
    ...service.env,
    METWORK_STEP_SOCKET: places.socket,
    ...(debug && { MFLOG_MINIMAL_LEVEL: "DEBUG", MFDATA_CURRENT_APP_DEBUG: "1" }),
  };
  const program = new Program(service, env, (line) => lines.push(line));
  try {
    const tried = await tryStep({
      step,
      ...places,
      ruleHelpers: flow.value.ruleHelpers ?? [],
      log: logs.named(key, debug ? "DEBUG" : "WARNING"),
      start: () => program.start(),
    });
    logs.flush();
    await program.stop();
    return reportTrial(context, { step, tried, outputs: trialOutputs(places.directory), log: lines });
  } catch (error) {
    logs.flush();
    for (const line of lines) context.err(line);
    throw error;
  } finally {
    await program.stop();
  }
}

/** The step the caller means: of a plugin's directory, installed or not, or of an installed plugin by its name. */
async function choose(context: Context, given: Given): Promise<Chosen | undefined> {
  const paths = context.paths("mfdata");
  const loaded = await loadPlanInput(paths);
  if (!loaded.ok) {
    printDiagnostics(context, loaded.notes);
    return undefined;
  }
  const { input } = loaded.value;
  const asked = given.value("plugin");
  const installed = asked === undefined ? undefined : findInstalled(paths, asked);
  const home =
    installed?.home ?? (asked === undefined || asked.includes("/") ? join(context.cwd, asked ?? "") : undefined);
  if (home === undefined) return refuse(context, `there is no plugin ${asked}`, "plugins.list lists those installed");
  const read = await loadPlugin(home, paths, input.config.env, installed?.devlink);
  if (!read.ok) {
    printDiagnostics(context, read.notes);
    context.err("  = help: run it in a plugin's directory, or say --plugin NAME");
    return undefined;
  }
  const plugin = read.value;
  const steps = plugin.parts.filter((part) => part.kind === "step");
  const name = given.value("step") ?? (steps.length === 1 ? steps[0]?.name : "main");
  const part = steps.find((one) => one.name === name);
  if (part === undefined) {
    const known = steps.map((one) => one.name).join(", ");
    return refuse(context, `${plugin.name} has no step ${name}`, known === "" ? "it has no steps" : `it has: ${known}`);
  }
  const others = input.plugins.filter((other) => other.name !== plugin.name);
  return { input: { ...input, plugins: [...others, plugin] }, plugin, part };
}

function refuse(context: Context, message: string, help: string): undefined {
  context.err(`error[MF8076]: ${message}`);
  context.err(`  = help: ${help}`);
  return undefined;
}

/** The same, with the trial's own directory in the place of the pipeline's. */
function insulate(chosen: Chosen, directory: string): Chosen {
  const { config } = chosen.input;
  const env = { ...config.env, MFDATA_DATA_IN_DIR: join(directory, "in") };
  return { ...chosen, input: { ...chosen.input, config: { ...config, env } } };
}

/** The step's own program, while it is tried. */
class Program {
  readonly #service: ServiceSpec;
  readonly #env: Readonly<Record<string, string>>;
  readonly #hear: (line: string) => void;
  #child: ChildProcess | undefined;

  constructor(service: ServiceSpec, env: Readonly<Record<string, string>>, hear: (line: string) => void) {
    this.#service = service;
    this.#env = env;
    this.#hear = hear;
  }

  /** Resolves when it ended, with how. */
  async start(): Promise<string> {
    const [name, ...args] = this.#service.argv;
    const program = findProgram(name, this.#env["PATH"] ?? "");
    if (program === undefined) throw new Error(`there is no program ${name} in the plugin's environment`);
    const child = spawn(program, args, { cwd: this.#service.cwd, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", this.#hear);
    const [code, signal] = await once(child, "close");
    return `exit code ${code ?? signal}`;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), GOODBYE_MS);
    await ended;
    clearTimeout(late);
  }
}
