import { rmSync } from "node:fs";
import { systemPath } from "../../core/flow/names.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { chosenKept, dataDirectory, listKept } from "./kept.ts";

/** `metwork trash drop`: 1, and nothing is deleted, when one of the files is not there. */
export async function dropTrash(context: Context, given: Given): Promise<ExitCode> {
  const dataIn = await dataDirectory(context);
  const chosen = dataIn === undefined ? undefined : chosenKept(context, listKept(dataIn), given.args);
  if (chosen === undefined) return 1;
  for (const { path, tagsPath } of chosen) {
    rmSync(systemPath(path), { force: true });
    rmSync(systemPath(tagsPath), { force: true });
  }
  if (context.json) context.out(JSON.stringify(chosen.map(({ id }) => id)));
  else for (const { id } of chosen) context.out(`${id} dropped`);
  return 0;
}
