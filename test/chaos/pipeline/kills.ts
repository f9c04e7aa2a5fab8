import { setTimeout as sleep } from "node:timers/promises";
import { CHECKPOINTS } from "../../../src/kit/checkpoint.ts";
import type { Verdict } from "./oracle.ts";
import { World } from "./world.ts";

export interface Killed {
  readonly verdict: Verdict;
  readonly daemons: number;
  readonly workers: number;
  /** Kills of the daemon at a named point. */
  readonly points: ReadonlySet<string>;
  readonly gaps: readonly number[];
}

/** A daemon that does not come to its point is killed after this long, milliseconds. */
const POINT_MS = 1500;

/** Files come while the daemon and its workers are killed, at random moments and at named points. */
export async function killInFlight(seed: number, files: number, kills: number): Promise<Killed> {
  await using world = new World(seed);
  const { random } = world;
  await world.start();
  let done = 0;
  const room = (): number => {
    const due = Math.ceil(((done + 2) * files) / kills);
    return Math.min(due - world.files.samples.length, 300 - world.missing());
  };
  const feeding = world.files.feed(files, room);
  let daemons = 0;
  let workers = 0;
  const points = new Set<string>();
  for (; done < kills; done++) {
    await sleep(random.below(120));
    if (random.chance(0.5)) {
      world.workers[random.below(world.workers.length)]?.kill();
      workers += 1;
      continue;
    }
    const point = random.pick(CHECKPOINTS.flow);
    world.env = random.chance(0.6) ? { METWORK_KILL_AT: `${point}:${1 + random.below(3)}` } : {};
    const { deaths } = world;
    await world.killDaemon();
    daemons += 1;
    if (world.env["METWORK_KILL_AT"] === undefined) continue;
    world.env = {};
    if (await world.died(deaths + 1, POINT_MS)) {
      points.add(point);
      daemons += 1;
      done += 1;
    }
  }
  world.env = {};
  // An order that was never reached must not be carried out later.
  await world.killDaemon();
  await feeding;
  const verdict = await world.settle();
  return { verdict, daemons: daemons + 1, workers, points, gaps: world.gaps };
}
