import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import { digestOf } from "../../core/plan/digest.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { manifestOf } from "../../core/plan/manifest.ts";
import { plan } from "../../core/plan/plan.ts";
import { runnable } from "../../core/plan/services.ts";
import type { Plan } from "../../core/plan/types.ts";
import type { Supervisor } from "../supervisor.ts";
import { inDoubt, readDoubt } from "./doubt.ts";
import { currentManifest } from "./generations.ts";
import { observe } from "./observe.ts";
import type { LastApply, Outcome } from "./outcome.ts";
import { attemptPlan } from "./transaction.ts";

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Absent while the module is stopped: then only the tree is switched. */
  readonly supervisor?: Supervisor;
  /** Failed starts of earlier applies; a plugin whose services are unchanged is not tried again. */
  readonly failedStarts: LastApply["failedStarts"];
}

/**
 * Makes the machine match the input: plan, stage, check, start what is new, switch, reload, prove, stop what is old.
 * A new plugin that does not start is left out and the rest goes on; any other failure undoes everything in reverse.
 */
export async function apply(
  input: PlanInput,
  options: ApplyOptions,
): Promise<Outcome & { failedStarts: LastApply["failedStarts"] }> {
  const layout = runtimeLayout(input.paths.runtime);
  const current = await currentManifest(layout);
  const before = inDoubt(await observe(current, options.supervisor), await readDoubt(layout));
  const leftOut = new Map<string, readonly Diagnostic[]>();
  const failedStarts: Record<string, string> = {};
  for (;;) {
    const plugins = input.plugins.filter((plugin) => !leftOut.has(plugin.name));
    const planned = plan({ ...input, plugins });
    const notes = [...planned.notes, ...[...leftOut.values()].flat()];
    const names = [...new Set([...leftOut.keys(), ...leftOutBy(planned.notes)])].sort();
    if (!planned.ok)
      return { did: "refused", generation: current?.id, actions: [], notes, leftOut: names, failedStarts };

    const known = knownFailures(planned.value, options.failedStarts);
    if (known.size > 0) {
      for (const [name, digest] of known) {
        failedStarts[name] = digest;
        leftOut.set(name, [stillFailing(name)]);
      }
      continue;
    }
    const { dryRun, supervisor } = options;
    const next = manifestOf(planned.value);
    const attempt = {
      layout,
      programs: input.programs,
      plan: planned.value,
      next,
      before,
      current,
      dryRun,
      supervisor,
    };
    const tried = await attemptPlan(attempt);
    if (tried.leaveOut === undefined) {
      return { ...tried.outcome, notes: [...notes, ...tried.outcome.notes], leftOut: names, failedStarts };
    }
    for (const [name, failure] of tried.leaveOut) {
      if (tried.why === "did not start") failedStarts[name] = pluginDigest(planned.value, name);
      leftOut.set(name, failure);
    }
  }
}

function leftOutBy(notes: readonly Diagnostic[]): string[] {
  return notes.flatMap((note) => (note.severity === "error" && note.plugin !== undefined ? [note.plugin] : []));
}

/** Digest of all a plugin runs, to tell whether a failed start is worth another try. */
function pluginDigest(planned: Plan, plugin: string): string {
  const specs = Object.values(planned.services).filter((spec) => spec.plugin === plugin);
  return digestOf(specs.map((spec) => runnable(planned, spec)));
}

function knownFailures(planned: Plan, failed: LastApply["failedStarts"]): ReadonlyMap<string, string> {
  return new Map(Object.entries(failed).filter(([name, digest]) => pluginDigest(planned, name) === digest));
}

function stillFailing(plugin: string): Diagnostic {
  return {
    code: "MF5003",
    severity: "error",
    plugin,
    message: `plugin ${plugin} did not start the last time and nothing of its configuration changed since`,
    fix: "see its log; `make develop`, `plugins.install` or `touch var/conf_monitor` try again",
  };
}
