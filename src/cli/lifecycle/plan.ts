import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { manifestOf, servedId } from "../../core/plan/manifest.ts";
import { plan } from "../../core/plan/plan.ts";
import type { Action, Manifest, Plan } from "../../core/plan/types.ts";
import { readTextFile } from "../../kit/fs.ts";
import { currentManifest } from "../../system/apply/generations.ts";
import { loadPlanInput } from "../../system/load/plan-input.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { chosenModule } from "./modules.ts";

/** Above this many changed lines a file's diff is only counted: nobody reads more, and it takes seconds to compute. */
const LONGEST_DIFF = 5_000;

interface FileChange {
  readonly path: string;
  readonly change: "created" | "changed" | "removed";
  readonly patch: string;
}

/** `metwork plan`: the difference between what is in force and what an apply would make, files first, then services. */
export async function showPlan(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths(chosenModule(context, given));
  const layout = runtimeLayout(paths.runtime);
  const loaded = await loadPlanInput(paths);
  if (!loaded.ok) return refuse(context, loaded.notes);
  const planned = plan(loaded.value.input);
  const notes = [...loaded.notes, ...loaded.value.broken.flatMap((plugin) => plugin.notes), ...planned.notes];
  if (!planned.ok) return refuse(context, notes);
  if (!given.flag("quiet") && !context.json) printDiagnostics(context, notes);
  const current = await currentManifest(layout);
  const next = manifestOf(planned.value);
  const actions = diff(current, next);
  if (given.flag("quiet")) return current?.id === next.id ? 0 : 5;
  const files = fileChanges(layout.configAuto, current, next, planned.value);
  if (context.json) {
    context.out(JSON.stringify({ generation: { current: current?.id, next: next.id }, files, actions, notes }));
    return 0;
  }
  for (const file of files) context.out(context.color ? colored(file.patch) : file.patch);
  for (const action of actions) context.out(impact(action));
  context.err(summary(files, actions, next.id));
  return 0;
}

function refuse(context: Context, notes: readonly Diagnostic[]): ExitCode {
  if (context.json) context.out(JSON.stringify({ notes }));
  else printDiagnostics(context, notes);
  return 1;
}

function fileChanges(
  directory: string,
  current: Manifest | undefined,
  next: Manifest,
  planned: Plan,
): readonly FileChange[] {
  const paths = new Set([...Object.keys(current?.files ?? {}), ...Object.keys(next.files)]);
  return [...paths].sort().flatMap((path) => {
    if (current?.files[path] === next.files[path]) return [];
    const before = current?.files[path] === undefined ? undefined : textOf(join(directory, path));
    const after = planned.tree.get(path)?.text;
    const change = before === undefined ? "created" : after === undefined ? "removed" : "changed";
    return [{ path, change, patch: patchOf(path, withoutId(before, current), withoutId(after, next)) } as const];
  });
}

function patchOf(path: string, before: string | undefined, after: string | undefined): string {
  if (before === undefined || after === undefined) {
    const lines = (after ?? before ?? "").split("\n").length - 1;
    return `${before === undefined ? "+++ new file" : "--- removed"} ${path} (${lines} lines)`;
  }
  if (before === after) return `    ${path} (only the id nginx serves)`;
  if (before.length + after.length > LONGEST_DIFF * 80) {
    return `*** ${path} (${before.split("\n").length} → ${after.split("\n").length} lines)`;
  }
  return createTwoFilesPatch(path, path, before, after, "in force", "planned", { context: 2 }).trimEnd();
}

/** The id nginx serves changes with every file it reads: it would hide what matters. */
function withoutId(text: string | undefined, manifest: Manifest | undefined): string | undefined {
  return manifest === undefined ? text : text?.replaceAll(servedId(manifest), "SERVED_ID");
}

function textOf(path: string): string | undefined {
  const read = readTextFile(path);
  return read.ok ? read.text : undefined;
}

const COSTS = {
  start: "none",
  scale: "none",
  swap: "swap",
  restart: "restart",
  reload: "reload",
  stop: "stop",
} as const;

function impact(action: Action): string {
  return `${action.do.padEnd(8)} ${action.service}  (cost: ${COSTS[action.do]}; because: ${action.because.join(", ")})`;
}

function summary(files: readonly FileChange[], actions: readonly Action[], id: string): string {
  if (files.length === 0 && actions.length === 0) return "nothing to do";
  return `${files.length} files, ${actions.length} services would change; generation ${id}`;
}

function colored(patch: string): string {
  return patch
    .split("\n")
    .map((line) =>
      line.startsWith("+") ? `\u001b[32m${line}\u001b[0m` : line.startsWith("-") ? `\u001b[31m${line}\u001b[0m` : line,
    )
    .join("\n");
}
