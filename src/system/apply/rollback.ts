import { failure, type Result } from "../../core/base/result.ts";
import type { Programs } from "../../core/module/host.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { manifestOf } from "../../core/plan/manifest.ts";
import { plan } from "../../core/plan/plan.ts";
import type { loadPlanInput } from "../load/plan-input.ts";
import type { Supervisor } from "../supervisor.ts";
import { inDoubt, readDoubt } from "./doubt.ts";
import { currentManifest } from "./generations.ts";
import { generationBefore, readHistory } from "./history.ts";
import { observe } from "./observe.ts";
import type { Outcome } from "./outcome.ts";
import { findStored, missingHomes, readStored } from "./stored.ts";
import { attemptPlan } from "./transaction.ts";

/** Makes the machine match a stored generation, all of it or nothing. */
export async function reach(
  layout: RuntimeLayout,
  id: string,
  {
    programs,
    supervisor,
    dryRun,
  }: { readonly programs: Programs; readonly supervisor: Supervisor | undefined; readonly dryRun: boolean },
): Promise<Outcome> {
  const current = await currentManifest(layout);
  const refused = { did: "refused", generation: current?.id, actions: [], leftOut: [] } as const;
  const stored = await readStored(layout, id);
  if (!stored.ok) return { ...refused, notes: stored.notes };
  const missing = missingHomes(stored.value);
  if (missing.length > 0) return { ...refused, notes: missing };
  const before = inDoubt(await observe(current, supervisor), await readDoubt(layout));
  const tried = await attemptPlan({
    layout,
    programs,
    plan: stored.value,
    next: manifestOf(stored.value),
    before,
    current,
    dryRun,
    supervisor,
    whole: true,
  });
  if (tried.leaveOut !== undefined) return { ...refused, notes: [...tried.leaveOut.values()].flat() };
  return { ...tried.outcome, leftOut: [] };
}

/**
 * What the inputs as they are ask for: the id of their plan, `none` when they cannot be planned. Whatever generation is in
 * force, so its owners do not count.
 */
export function inputsId(loaded: Awaited<ReturnType<typeof loadPlanInput>>): string {
  if (!loaded.ok) return "none";
  const { owners: _, ...input } = loaded.value.input;
  const planned = plan(input);
  return planned.ok ? planned.value.id : "none";
}

/** The stored generation a word means; without one, that which was in force before the present one. */
export async function chooseGeneration(layout: RuntimeLayout, word: string | undefined): Promise<Result<string>> {
  if (word !== undefined) return findStored(layout, word);
  const current = await currentManifest(layout);
  const earlier = current === undefined ? undefined : generationBefore(await readHistory(layout), current.id);
  if (earlier !== undefined) return findStored(layout, earlier);
  return failure({
    code: "MF5052",
    severity: "error",
    message: "the history names no generation before the one in force",
    fix: "name one: `metwork history` lists them",
  });
}
