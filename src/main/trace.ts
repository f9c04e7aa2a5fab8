/** Keeps the trace of a pipeline that tells it on standard input, and watches what should arrive; ends with it. */
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import type { Arrived } from "../core/expect/types.ts";
import type { TraceAnswer, TraceBatch, TraceSettings } from "../core/trace/batch.ts";
import { ExpectWatcher } from "../expect/watcher.ts";
import { TraceStore } from "../trace/store.ts";

/** Behind everything else: the pipeline never waits for a processor that the trace has. */
const NICE = 10;
const QUIET_MS = 1000;
const TICK_MS = 1000;
/** What is told in so long is written together, and at once when it is so many passages. Milliseconds. */
const TOGETHER_MS = 200;
const TOGETHER_PASSAGES = 1000;

const [, , written] = process.argv;
if (written === undefined) {
  console.error("usage: trace.ts SETTINGS_JSON");
  process.exit(2);
}
setPriority(NICE);
const settings: TraceSettings = JSON.parse(written);
const warn = (message: string): void => console.error(message);
const store = settings.keep ? new TraceStore(settings, warn) : undefined;
const { expect } = settings;
const watcher = expect && new ExpectWatcher(expect, (event) => console.log(JSON.stringify(event)), warn);
let lastMs = performance.now();
const isQuiet = (): boolean => performance.now() - lastMs >= QUIET_MS;
let digesting = false;
let removing: Promise<void> | undefined;
let told: TraceBatch[] = [];
let toldPassages = 0;
let writing: NodeJS.Timeout | undefined;
setInterval(() => {
  watcher?.tick();
  if (digesting || !isQuiet()) return;
  digesting = true;
  void digestAll().finally(() => (digesting = false));
}, TICK_MS).unref();

// The pipeline says goodbye by closing the pipe; a signal to its group is not for us.
process.on("SIGTERM", () => undefined).on("SIGINT", () => undefined);
for await (const line of createInterface({ input: process.stdin })) {
  const batch: TraceBatch = JSON.parse(line);
  if (batch.waiting !== undefined) {
    watcher?.waiting(batch.waiting);
    continue;
  }
  lastMs = performance.now();
  watcher?.arrived(arrivals(batch));
  told.push(batch);
  toldPassages += batch.passages.length;
  if (toldPassages >= TOGETHER_PASSAGES) write();
  else writing ??= setTimeout(write, TOGETHER_MS);
}
write();
await digestRemoved();
store?.close();

function write(): void {
  clearTimeout(writing);
  writing = undefined;
  store?.write(...told);
  told = [];
  toldPassages = 0;
  void digestRemoved();
}

/** Files that have just come from outside; those a step is long about are told of before it ends. */
function arrivals({ passages, open }: TraceBatch): readonly Arrived[] {
  const over = passages.filter(([, , , , counter]) => counter === 0);
  const going = (open ?? []).filter((row) => row[6] === 0);
  return [
    ...over.map(([at, uid, name, directory]) => ({ at, uid, name, directory })),
    ...going.map(([uid, name, , at, , directory]) => ({ at, uid, name, directory })),
  ];
}

/** At once, at our low priority: they are in nobody's way but the disk's. */
async function digestRemoved(): Promise<void> {
  removing ??= (async () => {
    try {
      for (let done = await store?.digestRemoved(); done !== undefined; done = await store?.digestRemoved()) {
        console.log(JSON.stringify({ digested: done } satisfies TraceAnswer));
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      console.error(`no digests of removed files for now: ${error instanceof Error ? error.message : error}`);
    } finally {
      removing = undefined;
    }
  })();
  await removing;
}

async function digestAll(): Promise<void> {
  try {
    // What the pipeline says comes first, and is heard only between two turns of the event loop.
    while (isQuiet() && (await store?.digestSome(isQuiet))) await new Promise((resolve) => setImmediate(resolve));
  } catch (error) {
    console.error(`no digests for now: ${error instanceof Error ? error.message : error}`);
  }
}
