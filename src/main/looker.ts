/** A thread of the pipeline's daemon that looks at files, many a message; an empty message ends it. */
import { parentPort, workerData } from "node:worker_threads";
import { openMagicSync } from "../kit/linux/magic.ts";
import { lookAtAll, type Questions } from "../kit/look.ts";

const questions: Questions = workerData;
const describers = questions.databases.map(open);
parentPort?.on("message", (paths: string) => {
  if (paths === "") {
    parentPort?.close();
    return;
  }
  const before = process.threadCpuUsage();
  const said = lookAtAll(paths, questions, describers);
  const { user, system } = process.threadCpuUsage(before);
  parentPort?.postMessage([said, user + system]);
});

/** A database that cannot be read is what its tag says, for each file. */
function open(database: string | null): (path: string) => string {
  try {
    return openMagicSync(database ?? undefined);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
