/** A thread of the pipeline's daemon that looks at files, many a message; an empty message ends it. */
import { parentPort, workerData } from "node:worker_threads";
import { type DescribeNow, openMagicSync } from "../kit/linux/magic.ts";
import { lookAtAll, type Questions } from "../kit/look.ts";

const questions: Questions = workerData;
const open = questions.databases.map(openDatabase);
const describers = open.map(({ describe }) => describe);
parentPort?.on("message", (paths: string) => {
  if (paths === "") {
    for (const { close } of open) close();
    parentPort?.close();
    return;
  }
  const before = process.threadCpuUsage();
  const said = lookAtAll(paths, questions, describers);
  const { user, system } = process.threadCpuUsage(before);
  parentPort?.postMessage([said, user + system]);
});

/** A database that cannot be read is what its tag says, for each file. */
function openDatabase(database: string | null): DescribeNow {
  try {
    return openMagicSync(database ?? undefined);
  } catch (error) {
    const describe = (): never => {
      throw error;
    };
    return { describe, close: () => undefined };
  }
}
