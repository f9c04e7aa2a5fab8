import { runtimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { manifestOf } from "../../core/plan/manifest.ts";
import type { Plan } from "../../core/plan/types.ts";
import { currentManifest } from "../../system/apply/generations.ts";
import { findStored, readStored } from "../../system/apply/stored.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { fileChanges, printFileChanges, type Side } from "../print/file-changes.ts";
import { impactLine, withCost } from "../print/impact.ts";
import { moduleAmong } from "./modules.ts";

/** `metwork diff`: what differs between two stored generations; 1 when one of them is unknown or damaged. */
export async function showDiff(context: Context, given: Given): Promise<ExitCode> {
  const { module, words } = moduleAmong(context, given);
  const layout = runtimeLayout(context.paths(module).runtime);
  const [from, to = (await currentManifest(layout))?.id, ...more] = words;
  if (from === undefined || to === undefined || more.length > 0) throw new UsageError("name one or two generations");
  const plans: Plan[] = [];
  for (const word of [from, to]) {
    const found = await findStored(layout, word);
    const stored = found.ok ? await readStored(layout, found.value) : found;
    if (!stored.ok) {
      if (context.json) context.out(JSON.stringify({ notes: stored.notes }));
      else printDiagnostics(context, stored.notes);
      return 1;
    }
    plans.push(stored.value);
  }
  const [before, after] = plans.map(sideOf);
  if (before?.manifest === undefined || after?.manifest === undefined) return 70;
  const files = fileChanges(before, after);
  const actions = diff(before.manifest, after.manifest);
  if (context.json) {
    const generations = { from: before.title, to: after.title };
    context.out(JSON.stringify({ generations, files, actions: actions.map(withCost) }));
    return 0;
  }
  printFileChanges(context, files);
  for (const action of actions) context.out(impactLine(context, action));
  context.err(`${before.title} → ${after.title}: ${files.length} files, ${actions.length} services differ`);
  return 0;
}

function sideOf(plan: Plan): Side {
  return { title: plan.id, manifest: manifestOf(plan), textOf: (path) => plan.tree.get(path)?.text };
}
