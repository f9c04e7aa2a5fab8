import { join, resolve } from "node:path";
import { loadPlanInput } from "../../system/load/plan-input.ts";
import { loadPlugin } from "../../system/load/plugins.ts";
import { findInstalled } from "../../system/plugins/installed.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { regularFile } from "../files/tags.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { type ChosenStep, tryOn } from "./attempt.ts";
import { reportTrial } from "./report.ts";

/** `metwork step try`: 1 when the step fails on a file, or cannot be tried. */
export async function tryFiles(context: Context, given: Given): Promise<ExitCode> {
  const files = given.args.map((file) => regularFile(context, file));
  const chosen = files.includes(undefined) ? undefined : await choose(context, given);
  if (chosen === undefined) return 1;
  const report = await tryOn(context, chosen, {
    directory: join(chosen.input.paths.runtime, "tmp", chosen.plugin.name, "try"),
    files: files.filter((file) => file !== undefined),
    debug: given.flag("debug"),
  });
  return report === undefined ? 1 : reportTrial(context, report);
}

/** The step the caller means: of a plugin's directory, installed or not, or of an installed plugin by its name. */
async function choose(context: Context, given: Given): Promise<ChosenStep | undefined> {
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
    installed?.home ?? (asked === undefined || asked.includes("/") ? resolve(context.cwd, asked ?? ".") : undefined);
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
