import { runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { rollBackModule } from "../../system/apply/module.ts";
import { connectSupervisor } from "../../system/supervise/client.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { moduleAmong } from "./modules.ts";
import { reasonOf, showRecord } from "./record.ts";

/** `metwork rollback`: 0 the generation is in force and held, 1 refused, 3 rolled back. */
export async function rollback(context: Context, given: Given): Promise<ExitCode> {
  const { module, words } = moduleAmong(context, given);
  if (words.length > 1) throw new UsageError(`one generation, not ${words.join(" and ")}`);
  const paths = context.paths(module);
  const runs = exists(runtimeLayout(paths.runtime).supervisorSocket);
  const supervisor = runs ? await connectSupervisor(paths, { start: false }) : undefined;
  const record = await rollBackModule(paths, {
    reason: reasonOf("metwork rollback", given),
    ...(words[0] === undefined ? {} : { generation: words[0] }),
    ...(supervisor === undefined ? {} : { supervisor }),
  });
  return showRecord(context, record, { module, runs });
}
