/**
 * Files come at a steady pace for a long time, and once a minute something is killed: nothing may be lost, nothing may grow.
 * `CHAOS_SECONDS`: how long, an hour at full volume; `CHAOS_RATE`: files a second.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scripts/support/client.ts";
import { seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const perSecond = Number(process.env["CHAOS_RATE"] ?? "50");
const seconds = Number(process.env["CHAOS_SECONDS"] ?? (process.env["CHAOS"] === "full" ? "3600" : "15"));
const killEveryS = Math.min(60, seconds / 3);
const GROWTH_MAX = 0.05;
/**
 * A daemon takes some minutes until it has done each of its things, its garbage collection among them, and that comes in waves:
 * what is compared are the means of two spans, the one after the first minutes and the last one.
 */
const spanS = Math.min(300, seconds / 6);
/** A shorter run is nothing but the first minutes. */
const JUDGED_S = 600;
const CURVE_POINTS = 12;

interface Use {
  readonly atS: number;
  readonly memoryMb: number;
  readonly descriptors: number;
}

function useOf(pid: number, atS: number): Use {
  const memory = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return { atS, memoryMb: Number(memory?.[1]) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length);
}

/** Threads for many files that come together have descriptors of their own, and end when they had nothing to do for half a minute. */
async function descriptorsAtRest(most: number): Promise<number> {
  const descriptors = (): number => useOf(world.pid, seconds).descriptors;
  await until("threads have ended", () => (descriptors() <= most ? true : undefined)).catch(() => undefined);
  return descriptors();
}

await using world = new World(seed);
await world.start({ workers: 1 });
const began = performance.now();
const uses: Use[] = [];
let kills = 0;
for (let dropped = 0; ; ) {
  const passed = (performance.now() - began) / 1000;
  if (passed >= seconds) break;
  for (; dropped < passed * perSecond; dropped++) world.files.drop();
  // Workers, Redis and, the first time only, the daemon: the one that stays must not grow.
  if (passed > (kills + 1) * killEveryS) {
    if (kills === 0) await world.killDaemon();
    else if (kills % 3 === 1) {
      await world.flow.killRedis();
      await world.flow.startRedis();
    } else world.workers[kills % world.workers.length]?.kill();
    kills += 1;
  }
  if (kills > 0 && passed > (uses.at(-1)?.atS ?? 0) + spanS / 30) uses.push(useOf(world.pid, passed));
  await sleep(20);
}
const tally = new Tally();
tally.add(await world.settle(), `CHAOS_SEED=${seed}`);
const between = (fromS: number, toS: number): readonly Use[] => uses.filter(({ atS }) => atS >= fromS && atS < toS);
const warmS = killEveryS + spanS;
const [first, last] = [between(warmS, warmS + spanS), between(seconds - spanS, seconds)];
const memoryOf = (some: readonly Use[]): number => mean(some.map(({ memoryMb }) => memoryMb));
const growth = memoryOf(last) / memoryOf(first) - 1;
const fewest = (some: readonly Use[]): number => Math.min(...some.map(({ descriptors }) => descriptors));
const [descriptors, descriptorsAfter] = [fewest(first), await descriptorsAtRest(fewest(first))];
const part = (seconds - killEveryS) / CURVE_POINTS;
const curve = Array.from({ length: CURVE_POINTS }, (_, index) => {
  const fromS = killEveryS + index * part;
  return Math.round(memoryOf(between(fromS, fromS + part)));
});
console.log(
  `soak: ${tally.line(world.files.samples.length)} in ${seconds} s, ${kills} kills; memory of the daemon ` +
    `${memoryOf(first).toFixed(1)} then ${memoryOf(last).toFixed(1)} MB (${(growth * 100).toFixed(1)} %), all along ${curve.join(", ")}; ` +
    `descriptors ${descriptors} then, at rest, ${descriptorsAfter}`,
);
const grew = growth > GROWTH_MAX || descriptorsAfter > descriptors;
if (tally.isBad || (seconds >= JUDGED_S && grew)) process.exitCode = 1;
