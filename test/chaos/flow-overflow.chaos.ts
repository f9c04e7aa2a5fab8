/** Stops the observer during a burst that overflows the kernel's queue of events, then looks how soon all is found. */
import { opendirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Generator } from "./pipeline/generator.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const full = process.env["CHAOS"] === "full";
const files = scaled({ full: 200_000, short: 20_000 });
const stoppedMs = full ? 10_000 : 2000;
/** Longest time without progress while files wait, milliseconds. */
const PAUSE_MAX_MS = 5000;
const LOOK_MS = 20;
const QUIET_MS = 1000;
const GIVE_UP_MS = 60_000;
const queue = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));

function isEmpty(directory: string): boolean {
  using entries = opendirSync(directory);
  return entries.readSync() === null;
}

await using world = new World(seed);
await world.start({ workers: 0 });
const burst = new Generator(world.flow, world.random, ["a"]);
world.signal("SIGSTOP");
const stopped = performance.now();
for (let index = 0; index < files; index++) burst.drop();
await sleep(Math.max(0, stopped + stoppedMs - performance.now()));
world.signal("SIGCONT");
const began = performance.now();
// Counting as many names takes as long as a pause may: that something comes is seen by the directory's time.
const modified = (): number => statSync(world.flow.archive, { throwIfNoEntry: false })?.mtimeMs ?? 0;
let [before, changed, pause, first] = [modified(), began, 0, 0];
while (performance.now() - changed < GIVE_UP_MS) {
  await sleep(LOOK_MS);
  const now = modified();
  if (now === before) {
    if (performance.now() - changed > QUIET_MS && isEmpty(world.flow.incoming)) break;
    continue;
  }
  if (first === 0) first = performance.now() - began;
  pause = Math.max(pause, performance.now() - changed);
  [before, changed] = [now, performance.now()];
}
const seconds = (changed - began) / 1000;
for (const sample of burst.samples) world.files.samples.push(sample);
const tally = new Tally();
tally.add(await world.settle(), `CHAOS_SEED=${seed}`);
console.log(
  `overflow: ${tally.line(files)}; the kernel queues ${queue} events; first file ${Math.round(first)} ms after the observer went ` +
    `on, longest pause ${Math.round(pause)} ms, ${Math.round(files / seconds)} files/s`,
);
if (tally.isBad || pause > PAUSE_MAX_MS) process.exitCode = 1;
