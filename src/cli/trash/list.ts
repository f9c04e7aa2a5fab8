import { TAG } from "../../core/flow/tags.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { table } from "../print/table.ts";
import { sizeText } from "../trace/print.ts";
import { dataDirectory, listKept, tagsOf } from "./kept.ts";

/** `metwork trash list`. */
export async function listTrash(context: Context, given: Given): Promise<ExitCode> {
  const dataIn = await dataDirectory(context);
  if (dataIn === undefined) return 1;
  const [wanted] = given.args;
  const kept = listKept(dataIn).filter(({ plugin, step }) => wanted === undefined || `${plugin}/${step}` === wanted);
  if (context.json) {
    context.out(JSON.stringify(kept));
    return 0;
  }
  const rows = kept.map((file) => {
    const name = tagsOf(file).get(TAG.basename) ?? "";
    return [file.id, name, sizeText(file.size), new Date(file.since).toISOString()];
  });
  context.out(table(`Files in trash (${rows.length})`, ["File", "First name", "Size", "Since"], rows));
  return 0;
}
