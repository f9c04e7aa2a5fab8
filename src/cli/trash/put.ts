import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { decodeClaim } from "../../core/flow/claim-name.ts";
import { HIDDEN_PREFIX, nameFromBytes, systemPath } from "../../core/flow/names.ts";
import { parseStepName } from "../../core/flow/recognise.ts";
import { identify, TAG } from "../../core/flow/tags.ts";
import { type FlowConfig, type StepName, stepKey } from "../../core/flow/types.ts";
import { keepFile } from "../../flow/engine/failure.ts";
import { codeOf } from "../../flow/errors.ts";
import { randomUid } from "../../flow/file/ids.ts";
import { isBeingWritten } from "../../kit/linux/lease.ts";
import { readTags } from "../../kit/tags.ts";
import { flowInForce } from "../../system/lifecycle/stranded.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { dataDirectory } from "./kept.ts";

/** `metwork trash put`: 1 when the step runs, whose files are its own. */
export async function putInTrash(context: Context, given: Given): Promise<ExitCode> {
  const [written = ""] = given.args;
  const step = parseStepName(written);
  if (step === undefined) throw new UsageError(`STEP is plugin/step, not \`${written}\``);
  const dataIn = await dataDirectory(context);
  if (dataIn === undefined) return 1;
  if (runs(flowInForce(context.paths("mfdata")), step)) {
    context.err(`error[MF8084]: ${written} runs: what waits for it is processed`);
    context.err("  = help: uninstall its plugin or set its numprocesses to 0 first, or let it finish");
    return 1;
  }
  const trash = join(dataIn, "trash", stepKey(step));
  const put: string[] = [];
  for (const room of [`step.${stepKey(step)}`, `step.${stepKey(step)}_reinject`]) {
    const directory = join(dataIn, room);
    for (const name of namesIn(directory)) {
      const path = await keep(directory, name, trash);
      if (path !== undefined) put.push(path);
    }
  }
  if (context.json) context.out(JSON.stringify(put));
  else for (const path of put) context.out(`${stepKey(step)}/${path.slice(trash.length + 1)}`);
  return 0;
}

function runs(flow: FlowConfig | undefined, step: StepName): boolean {
  return flow?.steps.some((one) => stepKey(one) === stepKey(step) && one.lanes > 0) ?? false;
}

/** Where it is now; undefined: it is no file, its sender is not done with it, or somebody was faster. */
async function keep(directory: string, name: string, trash: string): Promise<string | undefined> {
  const path = join(directory, name);
  const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
  if (!stat?.isFile() || isBeingWritten(path) === "yes") return undefined;
  const { tags, place } = readTags(path);
  identify(
    tags,
    decodeClaim(name) ?? { directory: directory.slice(directory.lastIndexOf("/") + 1), basename: name },
    randomUid,
  );
  const file = { path, tags, place, shared: stat.nlink > 1, size: stat.size, owned: true };
  try {
    return await keepFile(file, path, trash, tags.get(TAG.basename));
  } catch (error) {
    if (codeOf(error) === "ENOENT" && lstatSync(systemPath(path), { throwIfNoEntry: false }) === undefined)
      return undefined;
    throw error;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    const names = readdirSync(systemPath(directory), { encoding: "buffer" }).map(nameFromBytes);
    return names.filter((name) => !name.startsWith(HIDDEN_PREFIX));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
