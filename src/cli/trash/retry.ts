import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemPath } from "../../core/flow/names.ts";
import { parseStepName } from "../../core/flow/recognise.ts";
import { type FlowConfig, type StepName, stepKey } from "../../core/flow/types.ts";
import { dropSidecar, writeTags } from "../../kit/tags.ts";
import { flowInForce } from "../../system/lifecycle/stranded.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { chosenKept, dataDirectory, type Kept, listKept, tagsOf } from "./kept.ts";

/** `metwork trash retry`: 1 when one of the files could not be given; the others were. */
export async function retryTrash(context: Context, given: Given): Promise<ExitCode> {
  const written = given.value("to");
  const to = written === undefined ? undefined : parseStepName(written);
  if (written !== undefined && to === undefined) throw new UsageError(`--to is plugin/step, not \`${written}\``);
  const dataIn = await dataDirectory(context);
  const chosen = dataIn === undefined ? undefined : chosenKept(context, listKept(dataIn), given.args);
  if (dataIn === undefined || chosen === undefined) return 1;
  const targets = chosen.map((kept) => ({ kept, step: to ?? origin(kept) }));
  const flow = flowInForce(context.paths("mfdata"));
  const gone = targets.filter(({ step }) => !isThere(flow, dataIn, step));
  for (const { kept, step } of gone) {
    context.err(`error[MF8083]: ${kept.id} cannot be given to ${step.plugin}/${step.step}: there is no such step`);
    context.err("  = help: install its plugin, or say another step with --to");
  }
  if (gone.length > 0) return 1;
  const done = targets.map(({ kept, step }) => {
    mkdirSync(stepDirectory(dataIn, step), { recursive: true });
    giveBack(kept, step, stepDirectory(dataIn, step));
    return { file: kept.id, to: `${step.plugin}/${step.step}` };
  });
  if (context.json) context.out(JSON.stringify(done));
  else for (const { file, to: step } of done) context.out(`${file} -> ${step}`);
  return 0;
}

/** A step that was uninstalled leaves its directory, from which nobody would take the file. */
function isThere(flow: FlowConfig | undefined, dataIn: string, step: StepName): boolean {
  if (flow === undefined) return existsSync(stepDirectory(dataIn, step));
  return flow.steps.some((one) => stepKey(one) === stepKey(step));
}

/** The step that failed, or the switch that found no rule. */
function origin({ plugin, step }: Kept): StepName {
  return { plugin, step: step === "nomatch" ? "main" : step };
}

function stepDirectory(dataIn: string, { plugin, step }: StepName): string {
  return join(dataIn, `step.${plugin}.${step}`);
}

/** One rename, the tags on it before: it is in the trash or in the step. What was counted against it is forgotten. */
function giveBack(kept: Kept, { plugin, step }: StepName, directory: string): void {
  const tags = tagsOf(kept);
  for (const name of [`latest.${plugin}.${step}.worker_deaths`, `latest.${plugin}.${step}_reinject.attempt`])
    tags.delete(name);
  const target = join(directory, randomBytes(16).toString("hex"));
  const shared = lstatSync(systemPath(kept.path)).nlink > 1;
  const place = writeTags(kept.path, target, tags, shared);
  renameSync(systemPath(kept.path), target);
  if (place === "sidecar") dropSidecar(kept.path);
  rmSync(systemPath(kept.tagsPath), { force: true });
}
