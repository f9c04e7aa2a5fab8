import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseStepName } from "../../core/flow/recognise.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import type { Plugin, Step } from "../../core/plugin/types.ts";
import { loadPlanInput } from "../../system/load/plan-input.ts";
import { loadPlugin } from "../../system/load/plugins.ts";
import { installPlugin } from "../../system/plugins/install.ts";
import { TraceReader } from "../../trace/query.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { type ChosenStep, tryOn } from "../steps/attempt.ts";
import { compare, type Difference, type Result, recordedResult, resultOf } from "./compare.ts";
import { findReplayable, nameOf, type Replayable, stage } from "./kept.ts";

/** What came of one file, twice. */
interface Replayed {
  readonly uid: string;
  readonly name: string;
  readonly step: string;
  readonly before: Result;
  readonly after: Result;
  readonly differences: readonly Difference[];
}

/** Where a replay works; emptied before the next. */
const DIRECTORY = "replay";

/** `metwork replay`: 1 when a result differs, or a file cannot be replayed. */
export async function replay(context: Context, given: Given): Promise<ExitCode> {
  const asked = given.value("step");
  if (asked !== undefined && parseStepName(asked) === undefined) throw new UsageError("--step is PLUGIN/STEP");
  const loaded = await loadPlanInput(context.paths("mfdata"));
  if (!loaded.ok) {
    printDiagnostics(context, loaded.notes);
    return 1;
  }
  const { input } = loaded.value;
  const directory = join(runtimeLayout(input.paths.runtime).tmp, DIRECTORY);
  rmSync(directory, { recursive: true, force: true });
  const source = given.value("with");
  const other =
    source === undefined ? undefined : await unpack(context, input, resolve(context.cwd, source), directory);
  if (source !== undefined && other === undefined) return 1;
  const reader = new TraceReader(runtimeLayout(input.paths.runtime).trace);
  const replayed: Replayed[] = [];
  try {
    for (const [index, what] of given.args.entries()) {
      const file = findReplayable(reader, what, asked);
      const one =
        file && (await replayOne(context, input, file, { asked, other, directory: join(directory, String(index)) }));
      if (file === undefined)
        refuse(
          context,
          `nothing is left of ${what}`,
          "`metwork trace` shows where files are kept; only archives and trash are",
        );
      if (one !== undefined) replayed.push(one);
    }
  } finally {
    reader.close();
  }
  if (context.json) context.out(JSON.stringify(replayed));
  else for (const one of replayed) print(context, one);
  const same = replayed.length === given.args.length && replayed.every(({ differences }) => differences.length === 0);
  return same ? 0 : 1;
}

interface How {
  readonly asked: string | undefined;
  /** The other version of a plugin. */
  readonly other: Plugin | undefined;
  readonly directory: string;
}

async function replayOne(
  context: Context,
  input: PlanInput,
  file: Replayable,
  { asked, other, directory }: How,
): Promise<Replayed | undefined> {
  const name = asked ?? stepOf(file, other);
  const [pluginName, stepName] = name?.split("/") ?? [];
  const current = input.plugins.find((plugin) => plugin.name === pluginName);
  const plugin = other?.name === pluginName ? other : current;
  if (name === undefined || plugin === undefined || stepName === undefined) {
    return refuse(
      context,
      `through which step shall ${file.name} go?`,
      "say --step PLUGIN/STEP, of an installed plugin",
    );
  }
  const run = async (of: Plugin, title: string): Promise<Result | undefined> => {
    const chosen = choose(context, input, of, stepName);
    const files = [stage(file, join(directory, `${title}.input`))];
    const report = chosen && (await tryOn(context, chosen, { directory: join(directory, title), files, debug: false }));
    return report && resultOf(`${of.version} (${title})`, report);
  };
  const recorded = file.visits.findLast((visit) => nameOf(visit) === name);
  const before =
    other === undefined || current === undefined
      ? recorded && recordedResult(recorded)
      : await run(current, "installed");
  const after = await run(plugin, other === undefined ? "now" : "other");
  if (after === undefined) return undefined;
  if (before === undefined)
    return refuse(
      context,
      `${file.name} never was in ${name}, so there is nothing to compare`,
      "give another version with --with, or try it: metwork step try",
    );
  return { uid: file.uid, name: file.name, step: name, before, after, differences: compare(before, after) };
}

/** The step that failed on it; with another version of a plugin, the step of that plugin it was in, else its first. */
function stepOf(file: Replayable, other: Plugin | undefined): string | undefined {
  if (other === undefined) return file.keptBy.ending === "buried" ? nameOf(file.keptBy) : undefined;
  const visit = file.visits.find(({ plugin }) => plugin === other.name);
  const first = other.parts.find(({ kind }) => kind === "step");
  return visit !== undefined ? nameOf(visit) : first && `${other.name}/${first.name}`;
}

function choose(context: Context, input: PlanInput, plugin: Plugin, name: string): ChosenStep | undefined {
  const part = plugin.parts.find((one): one is Step => one.kind === "step" && one.name === name);
  if (part === undefined)
    return refuse(context, `${plugin.name} has no step ${name}`, "plugins.info shows what it has");
  const others = input.plugins.filter((one) => one.name !== plugin.name);
  return { input: { ...input, plugins: [...others, plugin] }, plugin, part };
}

/** Installs the other version into a home of its own: the running pipeline sees nothing of it. */
async function unpack(
  context: Context,
  input: PlanInput,
  source: string,
  directory: string,
): Promise<Plugin | undefined> {
  const paths = { ...input.paths, runtime: join(directory, "home") };
  const installed = await installPlugin(paths, input.config.env, source);
  if (!installed.ok) {
    printDiagnostics(context, installed.notes);
    return undefined;
  }
  const read = await loadPlugin(installed.value.home, input.paths, input.config.env);
  if (read.ok) return read.value;
  printDiagnostics(context, read.notes);
  return undefined;
}

function refuse(context: Context, message: string, help: string): undefined {
  context.err(`error[MF8084]: ${message}`);
  context.err(`  = help: ${help}`);
  return undefined;
}

function print(context: Context, { uid, name, step, before, after, differences }: Replayed): void {
  context.out(`${name}  uid ${uid}  through ${step}`);
  for (const { title, ending, reason, outputs } of [before, after]) {
    const sent = outputs.map(({ to, size }) => `${to} (${size} bytes)`).join(", ");
    context.out(`  ${title}: ${ending}${reason === "" ? "" : `: ${reason}`}${sent === "" ? "" : ` -> ${sent}`}`);
  }
  if (differences.length === 0) context.out("  no difference");
  for (const { text } of differences) context.out(text.replace(/^/gm, "  "));
}
