/** Kills and swaps workers under load: no request that may be repeated may fail, nor any of a neighbour. */
import { sayFigures } from "../support/installs.ts";
import { failedOf } from "../support/load.ts";
import { makeStreet } from "../support/street.ts";
import { killWorkers } from "./killed-workers.ts";
import { swapBadly, swapPlugin } from "./swapped-plugin.ts";

const isFull = process.env["CHAOS"] === "full";

const { kills, victim, neighbour } = await killWorkers(isFull ? 60 : 5);
console.log(`2 workers, one killed every second, ${kills} times: ${sayFigures(victim)}`);
console.log(`their neighbour: ${sayFigures(neighbour)}`);
if (failedOf(victim) + failedOf(neighbour) > 0) process.exitCode = 1;

const swapped = await swapPlugin(isFull ? { swaps: 200, requests: 1_000_000 } : { swaps: 5, requests: 10_000 });
const times = swapped.proofs.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
const starts = swapped.starts.map(Math.round).sort((a, b) => a - b);
const printed = swapped.proofs.reduce((sum, { served }) => sum + served.requests, 0);
console.log(`${times.length} swaps under 50 connections: ${sayFigures(swapped.seen)}`);
console.log(
  `  median ${times[times.length >> 1]} ms, slowest ${times.at(-1)} ms, a worker's own start ${starts[starts.length >> 1]} ms; ` +
    `the proofs speak of ${printed} requests`,
);
console.log(
  `  ${swapped.uploaded} of ${swapped.uploads} uploads of 100 MB, ${swapped.echoed} of ${swapped.messages} messages over a websocket`,
);
const lost = swapped.uploads - swapped.uploaded + swapped.messages - swapped.echoed;
const admitted = swapped.proofs.reduce((sum, { served }) => sum + served.failed, 0);
if (failedOf(swapped.seen) + lost + admitted > 0) process.exitCode = 1;

await using street = await makeStreet();
const load = street.askVictim();
const { code } = await swapBadly(street, "setInterval(() => undefined, 1000);");
const meanwhile = await load.stop();
console.log(`a version that never gets ready: exit ${code}, the old one served on: ${sayFigures(meanwhile)}`);
if (code !== 3 || failedOf(meanwhile) > 0) process.exitCode = 1;
