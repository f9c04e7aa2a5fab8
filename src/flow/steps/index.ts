import { posix } from "node:path";
import type { FlowStep, StepName } from "../../core/flow/types.ts";
import { removeFile } from "../engine/failure.ts";
import type { Placer } from "../file/placer.ts";
import { stepDirectories } from "../file/recover.ts";
import type { StepLog } from "../tell/log.ts";
import { DONE, type StepWorker } from "../types.ts";
import { archive } from "./archive.ts";
import { copy } from "./copy.ts";
import { type ExternalServices, external } from "./external.ts";
import { guessFileType } from "./guess-file-type.ts";
import { move } from "./move.ts";
import { type AskRules, switchStep } from "./switch.ts";

export interface StepServices {
  readonly dataIn: string;
  readonly lend: ExternalServices["lend"];
  readonly ask: AskRules;
  readonly placer: Placer;
}

/** Threads left for looking at files: libuv has four, one waits for inotify. */
const LOOKING_THREADS = 3;

/** Makes what a step does with a file. Throws when what it needs is not there. */
export function stepWorker(step: FlowStep, services: StepServices, log: StepLog): StepWorker {
  const { work } = step;
  const waiting = (target: StepName): string => stepDirectories(services.dataIn, target).waiting;
  switch (work.do) {
    case "guess_file_type":
      return guessFileType(work, Math.min(LOOKING_THREADS, Math.max(2, step.lanes)));
    case "switch":
      return switchStep(
        work,
        { noMatch: posix.join(services.dataIn, "trash", `${step.plugin}.nomatch`), waiting, ask: services.ask },
        log,
      );
    case "archive":
      return archive(work, services.placer);
    case "move":
      return move(work);
    case "copy":
      return copy(work, waiting);
    case "delete":
      return (file) => {
        if (file.path !== undefined) removeFile(file, file.path);
        return DONE;
      };
    case "external":
      return external(step, { lend: services.lend, waiting });
  }
}
