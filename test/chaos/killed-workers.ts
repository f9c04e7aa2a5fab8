import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../scripts/support/client.ts";
import type { Figures } from "../support/load.ts";
import { makeStreet } from "../support/street.ts";

export interface Killed {
  readonly kills: number;
  readonly victim: Readonly<Figures>;
  readonly neighbour: Readonly<Figures>;
  /** Restarts that the supervisor counted. */
  readonly restarts: number;
}

/** Kills one of the two workers of an app every second, while it and its neighbour are asked all the time. */
export async function killWorkers(seconds: number): Promise<Killed> {
  await using street = await makeStreet();
  const loads = [street.askVictim(), street.askNeighbour()] as const;
  let kills = 0;
  for (; kills < seconds; kills++) {
    await delay(1_000);
    const { value: pids } = await until("a worker runs", async () => {
      const running = (await street.instances()).filter(({ state }) => state === "running");
      const known = running.flatMap(({ pid }) => pid ?? []);
      return known.length > 0 ? known : undefined;
    });
    process.kill(pids[kills % pids.length] ?? Number.NaN, "SIGKILL");
  }
  const restarts = await street.restarted(kills);
  const [victim, neighbour] = await Promise.all(loads.map((load) => load.stop()));
  if (victim === undefined || neighbour === undefined) throw new Error("no figures");
  return { kills, victim, neighbour, restarts };
}
