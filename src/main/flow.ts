import { flushCompileCache } from "node:module";
import { startFlow } from "../flow/daemon.ts";
import { trimHeap } from "../kit/linux/heap.ts";

/** Memory that a burst took goes back to the system so long after it at most, milliseconds. */
const TRIM_MS = 60_000;

const [, , configPath] = process.argv;
if (configPath === undefined) {
  console.error("usage: flow.ts FLOW_JSON");
  process.exit(2);
}
const sink = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
};
try {
  const daemon = await startFlow(configPath, sink, process.pid);
  const stop = (): void => void daemon.stop().then(() => process.exit(0));
  process.once("SIGTERM", stop).once("SIGINT", stop);
  process.on("SIGHUP", () => daemon.reload());
  setInterval(trimHeap, TRIM_MS).unref();
  // Compiled code read back takes half the memory of code compiled here; a kill must not keep it from the next start.
  flushCompileCache();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
