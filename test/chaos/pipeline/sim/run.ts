import { simulateSystem } from "./hooks.ts";
import { simulateTime } from "./process.ts";
import { runSchedule } from "./schedule.ts";

export interface Schedules {
  readonly deaths: number;
  readonly refusals: number;
  readonly operations: number;
  /** A line for each schedule that did not end well, with its seed. */
  readonly problems: readonly string[];
}

/** Runs `count` schedules from a seed on. From then on this process can do nothing else: its time and files are simulated. */
export async function runSchedules(first: number, count: number): Promise<Schedules> {
  simulateSystem();
  const { Engine } = await import("../../../../src/flow/engine/engine.ts");
  simulateTime();
  const total = { deaths: 0, refusals: 0, operations: 0 };
  const problems: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const run = await runSchedule(Engine, seed);
    total.deaths += run.deaths;
    total.refusals += run.refusals;
    total.operations += run.operations;
    if (run.problems.length > 0) problems.push(`CHAOS_SEED=${seed}: ${run.problems.join("; ")}`);
  }
  return { ...total, problems };
}
