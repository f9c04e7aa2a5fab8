import { nameTemplate } from "../../core/flow/basename.ts";
import type { StepWork } from "../../core/flow/types.ts";
import { randomUid } from "../file/ids.ts";
import type { Placer } from "../file/placer.ts";
import { printable } from "../tell/log.ts";
import { type Outcome, type StepWorker, stored } from "../types.ts";

type Work = Extract<StepWork, { readonly do: "archive" }>;

/** Stores a file and, beside it, its tags. An equal name is never overwritten: see core/flow/placement. */
export function archive(work: Work, placer: Placer): StepWorker {
  const template = nameTemplate(work.basename);
  return (file, { log, commit }): Outcome | Promise<Outcome> => {
    const from = file.path;
    if (from === undefined) return { do: "failed", reason: "it is gone" };
    const placed = placer.place(file, from, {
      directory: work.directory,
      name: template(file.tags, new Date(), randomUid),
      tagsSuffix: work.tagsSuffix,
      chmod: work.chmod,
      commit,
    });
    const report = (path: string): Outcome => {
      log.info(`File ${from} moved to ${printable(path)}`);
      return stored(path);
    };
    return typeof placed === "string" ? report(placed) : placed.then(report);
  };
}
