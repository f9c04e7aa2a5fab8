import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { manifestOf } from "../../core/plan/manifest.ts";
import type { Action } from "../../core/plan/types.ts";
import { exists, readTextFile } from "../../kit/fs.ts";
import { currentManifest } from "../../system/apply/generations.ts";
import { intend } from "../../system/apply/intend.ts";
import { readLastGood } from "../../system/apply/last-good.ts";
import { readLastApply } from "../../system/apply/module.ts";
import { Quarantine } from "../../system/apply/quarantine.ts";
import { loadPlanInput } from "../../system/load/plan-input.ts";
import { missingInternals } from "../../system/plugins/provision.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { type FileChange, fileChanges, printFileChanges } from "../print/file-changes.ts";
import { impactLine, withCost } from "../print/impact.ts";
import { chosenModule } from "./modules.ts";
import { filesTouched } from "./waiting.ts";

/** `metwork plan`: the difference between what is in force and what an apply would make, files first, then services. */
export async function showPlan(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths(chosenModule(context, given));
  const layout = runtimeLayout(paths.runtime);
  const loaded = await loadPlanInput(paths);
  if (!loaded.ok) return refuse(context, loaded.notes);
  const current = await currentManifest(layout);
  const { input, broken } = loaded.value;
  const quarantine = new Quarantine(input.plugins, broken, { current, before: current }, () => readLastGood(layout));
  const { planned } = intend(input, quarantine);
  const runs = exists(layout.supervisorSocket);
  const missing = missingInternals(paths, input.config, runs);
  const notes = [...loaded.notes, ...quarantine.notes(), ...planned.notes, ...missing];
  if (!planned.ok) return refuse(context, notes);
  const next = manifestOf(planned.value);
  if (given.flag("quiet")) return current?.id === next.id ? 0 : 5;
  if (!context.json) printDiagnostics(context, notes);
  const actions = diff(current, next);
  const before = (path: string): string | undefined => textOf(join(layout.configAuto, path));
  const after = (path: string): string | undefined => planned.value.tree.get(path)?.text;
  const files = fileChanges(
    { title: "in force", manifest: current, textOf: before },
    { title: "planned", manifest: next, textOf: after },
  );
  const touched = filesTouched(before("flow.json"), after("flow.json"), actions);
  const last = await readLastApply(layout);
  const held = last?.held;
  if (context.json) {
    const generation = { current: current?.id, next: next.id, held: held?.generation };
    context.out(JSON.stringify({ generation, files, actions: actions.map(withCost), queued: touched, notes }));
    return 0;
  }
  printFileChanges(context, files);
  for (const action of actions) context.out(impactLine(context, action));
  for (const { step, files: count, directory } of touched) {
    if (count > 0) context.out(`${count} files wait for ${step} in ${directory}`);
  }
  context.err(summary(files, actions, next.id));
  const kept = quarantine.kept();
  if (kept.length > 0) context.err(`in quarantine, their last good version stays: ${kept.join(", ")}`);
  const tried = Object.keys(last?.failedStarts ?? {});
  if (tried.length > 0) context.err(`tried before, and it did not work: ${tried.join(", ")}`);
  if (held !== undefined) {
    context.err(`generation ${held.generation} is held by a rollback until an input changes or \`metwork apply\``);
  }
  return 0;
}

function refuse(context: Context, notes: readonly Diagnostic[]): ExitCode {
  if (context.json) context.out(JSON.stringify({ notes }));
  else printDiagnostics(context, notes);
  return 1;
}

function textOf(path: string): string | undefined {
  const read = readTextFile(path);
  return read.ok ? read.text : undefined;
}

function summary(files: readonly FileChange[], actions: readonly Action[], id: string): string {
  if (files.length === 0 && actions.length === 0) return "nothing to do";
  return `${files.length} files, ${actions.length} services would change; generation ${id}`;
}
