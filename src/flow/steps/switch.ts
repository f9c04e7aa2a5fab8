import { compileRules, type Target } from "../../core/flow/rules.ts";
import { TAG } from "../../core/flow/tags.ts";
import type { StepName, StepWork } from "../../core/flow/types.ts";
import { type Delivery, deliver, type Output } from "../deliver.ts";
import { keepFile, removeFile } from "../failure.ts";
import { printable, type StepLog } from "../log.ts";
import { type FlowFile, type Outcome, PASSED, type StepWorker } from "../types.ts";

type Work = Extract<StepWork, { readonly do: "switch" }>;

export interface SwitchPlaces {
  /** `$IN/trash/<switch>.nomatch`. */
  readonly noMatch: string;
  /** Where a step's files wait. */
  readonly waiting: (target: StepName) => string;
}

/** Sends each file to every step whose rules match. One target: a rename; several: copies or hard links. */
export function switchStep(work: Work, places: SwitchPlaces, log: StepLog): StepWorker {
  const router = compileRules(work.rules);
  for (const { rule, message } of router.problems)
    log.warning(`a switch rule of ${rule.plugin} is left out: ${message}`);
  return (file, context): Outcome | Promise<Outcome> => {
    const from = file.path;
    if (from === undefined) return { do: "failed", reason: "it is gone" };
    const targets = router.route(file.tags);
    context.log.info(`${targets.length} actions matched for ${printable(file.tags.get(TAG.basename) ?? from)}`);
    const [first] = targets;
    if (first === undefined) return noMatch(file, from, work, places);
    if (targets.length === 1 && file.owned) return { do: "send", to: first };
    return split(file, from, targets, { waiting: places.waiting, sent: context.sent });
  };
}

function noMatch(file: FlowFile, from: string, work: Work, places: SwitchPlaces): Outcome | Promise<Outcome> {
  const unmatched = (path?: string): Outcome => {
    return { do: "done", how: { is: "unmatched", policy: work.noMatch, ...(path !== undefined && { path }) } };
  };
  if (work.noMatch === "delete") {
    removeFile(file, from);
    return unmatched();
  }
  const name = file.tags.get(work.noMatchOriginalName ? TAG.basename : TAG.uid);
  const kept = keepFile(file, from, places.noMatch, name);
  return typeof kept === "string" ? unmatched(kept) : kept.then(unmatched);
}

/** Delivers to several steps, or makes copies to own. */
async function split(
  file: FlowFile,
  from: string,
  targets: readonly Target[],
  to: Pick<Delivery, "waiting" | "sent">,
): Promise<Outcome> {
  // The original itself goes last, and content is shared only among those that may share it.
  const ordered = targets.toSorted((a, b) => Number(a.hardlink) - Number(b.hardlink));
  const own = file.owned ? ordered.pop() : undefined;
  const sharing = own?.hardlink === true;
  const outputs = ordered.map((to): Output => {
    return { path: from, to, tags: file.tags, mode: sharing && to.hardlink ? "link" : "copy" };
  });
  await deliver(file, from, { outputs, own, ...to });
  return PASSED;
}
