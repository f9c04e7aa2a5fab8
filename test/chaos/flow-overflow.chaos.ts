/** Stops the observer during a burst that overflows the kernel's queue of events, then looks how soon all is found. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Generator } from "./pipeline/generator.ts";
import { countFinals } from "./pipeline/oracle.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const full = process.env["CHAOS"] === "full";
const files = scaled({ full: 200_000, short: 20_000 });
const stoppedMs = full ? 10_000 : 2000;
/** Longest time without progress while files wait, milliseconds. */
const PAUSE_MAX_MS = 5000;
const queue = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));

await using world = new World(seed);
await world.start({ workers: 0 });
const burst = new Generator(world.flow, world.random, ["a"]);
world.signal("SIGSTOP");
const stopped = performance.now();
for (let index = 0; index < files; index++) burst.drop();
await sleep(Math.max(0, stopped + stoppedMs - performance.now()));
world.signal("SIGCONT");
const began = performance.now();
let [done, changed, pause, first] = [0, began, 0, 0];
while (done < files && performance.now() - changed < 60_000) {
  await sleep(full ? 1000 : 50);
  const now = countFinals(world.flow);
  if (now === done) continue;
  if (first === 0) first = performance.now() - began;
  pause = Math.max(pause, performance.now() - changed);
  [done, changed] = [now, performance.now()];
}
const seconds = (changed - began) / 1000;
for (const sample of burst.samples) world.files.samples.push(sample);
const tally = new Tally();
tally.add(await world.settle(), `CHAOS_SEED=${seed}`);
console.log(
  `overflow: ${tally.line(files)}; the kernel queues ${queue} events; first file ${Math.round(first)} ms after the observer went ` +
    `on, longest pause ${Math.round(pause)} ms, ${Math.round(done / seconds)} files/s`,
);
if (tally.isBad || pause > PAUSE_MAX_MS) process.exitCode = 1;
