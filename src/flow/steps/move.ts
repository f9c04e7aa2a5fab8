import { chmodSync } from "node:fs";
import { nameTemplate } from "../../core/flow/basename.ts";
import type { StepWork } from "../../core/flow/types.ts";
import { randomUid } from "../file/ids.ts";
import { placeFile } from "../file/transfer.ts";
import { printable } from "../tell/log.ts";
import { type Outcome, type StepWorker, stored } from "../types.ts";

type Work = Extract<StepWork, { readonly do: "move" }>;

/** Moves a file to another step (under a name of its own), or to a directory, where an equal name is replaced. */
export function move(work: Work): StepWorker {
  const template = nameTemplate(work.basename);
  return (file, { log, commit }): Outcome | Promise<Outcome> => {
    const from = file.path;
    if (from === undefined) return { do: "failed", reason: "it is gone" };
    if (work.to.to === "step") {
      if (work.chmod !== undefined) chmodSync(from, work.chmod);
      return { do: "send", to: work.to.step };
    }
    const placed = placeFile(file, from, {
      directory: work.to.path,
      name: template(file.tags, new Date(), randomUid),
      tagsSuffix: "",
      chmod: work.chmod,
      commit,
      replace: true,
      keepTags: !work.dropTags,
    });
    const report = (path: string): Outcome => {
      log.info(`File ${from} moved to ${printable(path)}`);
      return stored(path);
    };
    return typeof placed === "string" ? report(placed) : placed.then(report);
  };
}
