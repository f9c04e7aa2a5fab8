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
import { openLogs } from "../../flow/tell/log.ts";
import { trialOutputs, tryStep } from "../../flow/trial.ts";
import { findProgram } from "../../kit/become.ts";
import type { Context } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import type { TrialReport } from "./report.ts";

/** A step as it would run, and what it belongs to. */
export interface ChosenStep {
  readonly input: PlanInput;
  readonly plugin: Plugin;
  readonly part: Step;
}

interface Places {
  /** For all it makes; emptied before. */
  readonly directory: string;
  /** Absolute paths; copies of them are tried. */
  readonly files: readonly string[];
  readonly debug: boolean;
}

/** How long a program may take to end when it is told to, milliseconds. */
const GOODBYE_MS = 3000;

/** Takes copies of files through a step, away from the pipeline. Undefined, and said why, when it cannot be tried. */
export async function tryOn(context: Context, chosen: ChosenStep, places: Places): Promise<TrialReport | undefined> {
  const { directory } = places;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  // The path of a socket is short; that of the plugin's directory need not be.
  const sockets = mkdtempSync(join(tmpdir(), "mw-try-"));
  try {
    return await attempt(context, insulate(chosen, directory), { ...places, socket: join(sockets, "step") });
  } catch (error) {
    context.err(`error[MF8075]: the step cannot be tried: ${error instanceof Error ? error.message : String(error)}`);
    context.err("  = help: its log above says more; correct it and try again");
    return undefined;
  } finally {
    rmSync(sockets, { recursive: true, force: true });
  }
}

async function attempt(
  context: Context,
  chosen: ChosenStep,
  places: Places & { readonly socket: string },
): Promise<TrialReport | undefined> {
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
    return undefined;
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
    ...(places.debug && { MFLOG_MINIMAL_LEVEL: "DEBUG", MFDATA_CURRENT_APP_DEBUG: "1" }),
  };
  const program = new Program(service, env, (line) => lines.push(line));
  try {
    const tried = await tryStep({
      step,
      directory: places.directory,
      socket: places.socket,
      files: places.files,
      ruleHelpers: flow.value.ruleHelpers ?? [],
      log: logs.named(key, places.debug ? "DEBUG" : "WARNING"),
      start: () => program.start(),
    });
    logs.flush();
    await program.stop();
    return { step, tried, outputs: trialOutputs(places.directory), log: lines };
  } catch (error) {
    logs.flush();
    for (const line of lines) context.err(line);
    throw error;
  } finally {
    await program.stop();
  }
}

/** The same, with the trial's own directory in the place of the pipeline's. */
function insulate(chosen: ChosenStep, directory: string): ChosenStep {
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
