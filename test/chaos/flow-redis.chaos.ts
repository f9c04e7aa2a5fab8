/** Takes Redis away from the pipeline in every way while files come: no file may be lost, no tag changed. */
import { setTimeout as sleep } from "node:timers/promises";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const ROUND = 4000;
/** In one round: kills, then each of the others. Five rounds make the full volume. */
const KILLS = 10;
const FLUSHES = 2;
const files = scaled({ full: 20_000, short: 800 });
const absentMs = process.env["CHAOS"] === "full" ? 60_000 : 2000;
const tally = new Tally();
const done = { kills: 0, flushes: 0, absences: 0, full: 0, readOnly: 0 };

async function round(from: number, count: number): Promise<void> {
  await using world = new World(seed + from);
  const { flow, random } = world;
  await world.start();
  const feeding = world.files.feed(count, () => 300 - world.missing());
  const pause = (): Promise<void> => sleep(random.below(300));
  const share = (number: number): number => Math.ceil((number * count) / ROUND);
  for (let kill = 0; kill < share(KILLS); kill++) {
    await pause();
    await flow.killRedis();
    await pause();
    await flow.startRedis();
    done.kills += 1;
  }
  for (let flush = 0; flush < share(FLUSHES); flush++) {
    await pause();
    await flow.redis("FLUSHALL");
    done.flushes += 1;
  }
  await flow.redis("CONFIG SET maxmemory-policy noeviction");
  await flow.redis("CONFIG SET maxmemory 1");
  await pause();
  await flow.redis("CONFIG SET maxmemory 0");
  done.full += 1;
  await flow.redis("REPLICAOF 127.0.0.1 1");
  await pause();
  await flow.redis("REPLICAOF NO ONE");
  done.readOnly += 1;
  await flow.killRedis();
  await sleep(from === 0 ? absentMs : 0);
  await flow.startRedis();
  done.absences += 1;
  await feeding;
  tally.add(await world.settle(), `CHAOS_SEED=${seed + from}`);
}

for (let from = 0; from < files; from += ROUND) await round(from, Math.min(ROUND, files - from));
console.log(
  `redis: ${tally.line(files)}; killed ${done.kills} times, flushed ${done.flushes}, out of memory ${done.full}, ` +
    `read-only ${done.readOnly}, absent ${done.absences} (once for ${absentMs / 1000} s)`,
);
if (tally.isBad) process.exitCode = 1;
