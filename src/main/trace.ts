/** Keeps the trace of a pipeline that tells it on standard input; ends with it. */
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { TraceStore } from "../trace/store.ts";

/** Behind everything else: the pipeline never waits for a processor that the trace has. */
const NICE = 10;
const QUIET_MS = 1000;

const [, , settings] = process.argv;
if (settings === undefined) {
  console.error("usage: trace.ts SETTINGS_JSON");
  process.exit(2);
}
setPriority(NICE);
const store = new TraceStore(JSON.parse(settings), (message) => console.error(message));
let lastMs = performance.now();
const isQuiet = (): boolean => performance.now() - lastMs >= QUIET_MS;
let digesting = false;
setInterval(() => {
  if (digesting || !isQuiet()) return;
  digesting = true;
  void digestAll().finally(() => (digesting = false));
}, QUIET_MS).unref();

// The pipeline says goodbye by closing the pipe; a signal to its group is not for us.
process.on("SIGTERM", () => undefined).on("SIGINT", () => undefined);
for await (const line of createInterface({ input: process.stdin })) {
  lastMs = performance.now();
  store.write(JSON.parse(line));
}
store.close();

async function digestAll(): Promise<void> {
  try {
    while (await store.digestSome(isQuiet));
  } catch (error) {
    console.error(`no digests for now: ${error instanceof Error ? error.message : error}`);
  }
}
