import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { manifestOf } from "../../core/plan/manifest.ts";
import type { Action, Plan } from "../../core/plan/types.ts";
import type { BrokenPlugin } from "../load/plugins.ts";
import type { Supervisor } from "../supervisor.ts";
import { inDoubt, readDoubt } from "./doubt.ts";
import { currentManifest } from "./generations.ts";
import { intend } from "./intend.ts";
import { readLastGood, writeLastGood } from "./last-good.ts";
import { observe } from "./observe.ts";
import type { Outcome } from "./outcome.ts";
import { type FailedPlugin, failedNow, nextTry, Quarantine } from "./quarantine.ts";
import { attemptPlan } from "./transaction.ts";

type Failures = Readonly<Record<string, FailedPlugin>>;

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Absent while the module is stopped: then only the tree is switched. */
  readonly supervisor?: Supervisor;
  /** Plugins that could not be read. */
  readonly broken: readonly BrokenPlugin[];
  /** What failed in earlier applies; the same is not tried again before its time. */
  readonly failedStarts: Failures;
}

export interface Applied extends Outcome {
  readonly kept: readonly string[];
  readonly failedStarts: Failures;
  /** The directories of the plugins in quarantine: what changes there may mend them. */
  readonly watched: readonly string[];
}

/**
 * Makes the machine match the input: plan, stage, check, start what is new, switch, reload, prove, stop what is old.
 * A plugin whose new version does not work goes into quarantine, where its last good version serves on if there is one, and
 * the rest goes on; any other failure undoes everything in reverse.
 */
export async function apply(input: PlanInput, options: ApplyOptions): Promise<Applied> {
  const { dryRun, supervisor } = options;
  const layout = runtimeLayout(input.paths.runtime);
  const current = await currentManifest(layout);
  const before = inDoubt(await observe(current, supervisor), await readDoubt(layout));
  const quarantine = new Quarantine(input.plugins, options.broken, { current, before }, () => readLastGood(layout));
  const failed: Record<string, FailedPlugin> = {};
  let standing: readonly Action[] = [];
  const ended = (outcome: Omit<Outcome, "leftOut" | "kept">, notes: readonly Diagnostic[]): Applied => ({
    ...outcome,
    notes: [...notes, ...quarantine.notes(), ...outcome.notes],
    leftOut: quarantine.leftOut(),
    kept: quarantine.kept(),
    failedStarts: failed,
    watched: quarantine.watched(),
  });
  for (;;) {
    const { chosen, planned } = intend(input, quarantine);
    if (!planned.ok) return ended({ did: "refused", generation: current?.id, actions: [], notes: [] }, planned.notes);

    const skipped = tooEarly(planned.value, quarantine, options.failedStarts, failed);
    for (const [name, failure] of skipped) {
      failed[name] = failure;
      quarantine.setAside(name, failure.reasons);
    }
    if (skipped.length > 0) continue;
    const tried = await attemptPlan({
      layout,
      programs: input.programs,
      input: chosen,
      plan: planned.value,
      isChanged: (plugin) => quarantine.isChanged(plugin),
      next: manifestOf(planned.value),
      before,
      current,
      dryRun,
      supervisor,
      standing,
    });
    if (tried.leaveOut === undefined) {
      // All is done by now: a full disk costs the fallback of a later failure, nothing of this success.
      if (tried.outcome.did === "applied") await writeLastGood(layout, chosen.plugins).catch(() => undefined);
      return ended(tried.outcome, planned.notes);
    }
    standing = tried.standing;
    for (const [name, reasons] of tried.leaveOut) {
      const tested = tried.why === "refused" ? {} : { digest: quarantine.digest(planned.value, name) };
      failed[name] ??= failedNow(options.failedStarts[name], { ...tested, reasons }, Date.now());
      quarantine.setAside(name, reasons);
    }
  }
}

/** The plugins whose earlier failure is too fresh for another try, with what is known of them. */
function tooEarly(planned: Plan, quarantine: Quarantine, earlier: Failures, now: Failures): [string, FailedPlugin][] {
  const names = new Set(quarantine.plugins().map(({ name }) => name));
  return Object.entries(earlier).flatMap(([name, failure]) => {
    if (now[name] !== undefined || !names.has(name)) return [];
    const retryAt = nextTry(failure, quarantine.digest(planned, name));
    return retryAt > Date.now() ? [[name, { ...failure, retryAt }]] : [];
  });
}
