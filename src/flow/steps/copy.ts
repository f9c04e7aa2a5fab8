import { raisePriority } from "../../core/flow/priority.ts";
import type { Tags } from "../../core/flow/tags.ts";
import type { StepName, StepWork, Target } from "../../core/flow/types.ts";
import { type Delivery, deliver, type Output } from "../engine/deliver.ts";
import { type FlowFile, type Outcome, PASSED, type StepWorker } from "../types.ts";

/** Sends each file to all of several steps. `waiting`: where a step's files wait. */
export function copy(
  work: Extract<StepWork, { readonly do: "copy" }>,
  waiting: (target: StepName) => string,
): StepWorker {
  return (file, { sent, commit }) => {
    if (file.path === undefined) return { do: "failed", reason: "it is gone" };
    return deliverTo(file, file.path, work.to, { waiting, sent, commit });
  };
}

/** One target: a rename; several: copies or hard links. To all of them or, when that fails, to none. */
export function deliverTo(
  file: FlowFile,
  from: string,
  targets: readonly Target[],
  delivery: Pick<Delivery, "waiting" | "sent" | "commit">,
): Outcome | Promise<Outcome> {
  const [only, ...others] = targets;
  if (only !== undefined && others.length === 0 && file.owned) {
    raisePriority(file.tags, only.priority);
    return { do: "send", to: only };
  }
  return split(file, from, targets, delivery);
}

/** A rule gives its priority to the copy that goes its way, and to no other. */
function tagsFor(tags: Tags, { priority }: Target, all: readonly Target[]): Tags {
  if (all.every((target) => target.priority === undefined)) return tags;
  const own = new Map(tags);
  raisePriority(own, priority);
  return own;
}

/** Delivers to several steps, or makes copies to own. */
async function split(
  file: FlowFile,
  from: string,
  targets: readonly Target[],
  delivery: Pick<Delivery, "waiting" | "sent" | "commit">,
): Promise<Outcome> {
  // The original itself goes last, and content is shared only among those that may share it.
  const ordered = targets.toSorted((a, b) => Number(a.hardlink) - Number(b.hardlink));
  const own = file.owned ? ordered.pop() : undefined;
  const sharing = own?.hardlink === true;
  const outputs = ordered.map((to): Output => {
    return { path: from, to, tags: tagsFor(file.tags, to, targets), mode: sharing && to.hardlink ? "link" : "copy" };
  });
  if (own !== undefined) raisePriority(file.tags, own.priority);
  await deliver(file, from, { outputs, own, ...delivery });
  return PASSED;
}
