/** Files come at a steady pace for a long time, and once a minute something is killed: nothing may be lost, nothing may grow. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const PER_SECOND = 50;
/** `CHAOS_SECONDS`: how long; an hour at full volume. */
const seconds = Number(process.env["CHAOS_SECONDS"] ?? (process.env["CHAOS"] === "full" ? "3600" : "15"));
const KILL_EVERY_S = Math.min(60, seconds / 3);
const GROWTH_MAX = 0.05;

interface Use {
  readonly memoryKiB: number;
  readonly descriptors: number;
}

/** Of the daemon, half a kill's time after it was begun: it has done its share by then. */
function useOf(pid: number): Use {
  const memory = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return { memoryKiB: Number(memory?.[1]), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

await using world = new World(seed);
await world.start({ workers: 1 });
const began = performance.now();
const uses: Use[] = [];
let kills = 0;
let measured = false;
for (let dropped = 0; ; ) {
  const passed = (performance.now() - began) / 1000;
  if (passed >= seconds) break;
  for (; dropped < passed * PER_SECOND; dropped++) world.files.drop();
  // Workers, Redis and, the first time only, the daemon: the one that stays must not grow.
  if (passed > (kills + 1) * KILL_EVERY_S) {
    if (kills === 0) await world.killDaemon();
    else if (kills % 3 === 1) {
      await world.flow.killRedis();
      await world.flow.startRedis();
    } else world.workers[kills % world.workers.length]?.kill();
    kills += 1;
    measured = false;
  }
  if (kills > 0 && !measured && passed > (kills + 0.7) * KILL_EVERY_S) {
    uses.push(useOf(world.pid));
    measured = true;
  }
  await sleep(20);
}
const tally = new Tally();
tally.add(await world.settle(), `CHAOS_SEED=${seed}`);
const warm = uses[Math.floor(uses.length / 4)] ?? { memoryKiB: 0, descriptors: 0 };
const last = uses.at(-1) ?? warm;
const growth = last.memoryKiB / warm.memoryKiB - 1;
console.log(
  `soak: ${tally.line(world.files.samples.length)} in ${seconds} s, ${kills} kills; memory of the daemon ` +
    `${Math.round(warm.memoryKiB / 1024)} then ${Math.round(last.memoryKiB / 1024)} MB (${(growth * 100).toFixed(1)} %), ` +
    `descriptors ${warm.descriptors} then ${last.descriptors}`,
);
if (tally.isBad || growth > GROWTH_MAX || last.descriptors > warm.descriptors) process.exitCode = 1;
