/** Drives the real engine through seeded schedules on a simulated disk: deaths at any operation, disks that refuse. */
import { simulateSystem } from "./pipeline/sim/hooks.ts";
import { simulateTime } from "./pipeline/sim/process.ts";
import { runSchedule } from "./pipeline/sim/schedule.ts";

const full = process.env["CHAOS"] === "full";
const count = Math.ceil((full ? 100_000 : 3000) * Number(process.env["CHAOS_SCALE"] ?? "1"));
const first = Number(process.env["CHAOS_SEED"] ?? "1");
const SHOWN = 20;

simulateSystem();
const { Engine } = await import("../../src/flow/engine.ts");
simulateTime();
let deaths = 0;
let refusals = 0;
let operations = 0;
let bad = 0;
for (let seed = first; seed < first + count; seed++) {
  const run = await runSchedule(Engine, seed);
  deaths += run.deaths;
  refusals += run.refusals;
  operations += run.operations;
  if (run.problems.length > 0 && bad++ < SHOWN) console.log(`  CHAOS_SEED=${seed}: ${run.problems.join("; ")}`);
}
console.log(
  `schedules: ${count - bad} of ${count} recovered, ${deaths} deaths at ${operations} operations, ${refusals} refused`,
);
if (bad > 0) process.exitCode = 1;
