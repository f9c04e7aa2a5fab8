import { type FlowStep, type StepName, stepKey } from "../../core/flow/types.ts";
import { tagPlaceOf } from "../../kit/tags.ts";
import { attemptOf, deathsOf } from "../engine/attempts.ts";
import { type Delivery, deliver, type Output } from "../engine/deliver.ts";
import { patiently } from "../patience.ts";
import { DONE, type FlowFile, type Outcome, PASSED, type StepWorker } from "../types.ts";
import type { Loan, Returned } from "../workers.ts";

export interface ExternalServices {
  readonly lend: (key: string, loan: Loan) => void;
  /** Where a step's files wait. */
  readonly waiting: (step: StepName) => string;
}

/** Lends each file to a worker of the step, and does with it what that worker decided. */
export function external(step: FlowStep, services: ExternalServices): StepWorker {
  const key = stepKey(step);
  return async (file, { sent, commit }): Promise<Outcome> => {
    const { path } = file;
    if (path === undefined) return { do: "failed", reason: "it is gone" };
    const how = await new Promise<Returned>((returned) => {
      const alone = deathsOf(file.tags, step) > 0;
      services.lend(key, { file, path, attempt: attemptOf(file.tags, step), alone, returned });
    });
    if (how.is === "died" || how.is === "untaken") return { do: "back", died: how.is === "died" };
    await patiently(() => {
      const place = tagPlaceOf(path, file.place);
      // A worker may have moved or removed it itself.
      if (place === "gone") file.path = undefined;
      file.place = place === "gone" ? undefined : place;
    });
    if (how.is === "failed") return { do: "failed", reason: how.reason };
    return send(file, path, how.outputs, { waiting: services.waiting, sent, commit });
  };
}

async function send(
  file: FlowFile,
  path: string,
  emitted: readonly Output[],
  delivery: Pick<Delivery, "waiting" | "sent" | "commit">,
): Promise<Outcome> {
  const own = emitted.find((output) => output.path === path && output.mode === "move");
  // It can be moved once; to the others go copies.
  const outputs = emitted
    .filter((output) => output !== own)
    .map((output): Output => (output.path === path && output.mode === "move" ? { ...output, mode: "copy" } : output));
  if (own !== undefined && own.tags !== file.tags) replaceTags(file, own);
  if (outputs.length === 0) return own === undefined ? DONE : { do: "send", to: own.to };
  await deliver(file, path, { outputs, own: own?.to, ...delivery });
  return PASSED;
}

function replaceTags({ tags }: FlowFile, { tags: wanted }: Output): void {
  tags.clear();
  for (const [name, value] of wanted) tags.set(name, value);
}
