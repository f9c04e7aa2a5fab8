/** Drives the real engine through seeded schedules on a simulated disk: deaths at any operation, disks that refuse. */
import { scaled, seed } from "./pipeline/scale.ts";
import { runSchedules } from "./pipeline/sim/run.ts";

const SHOWN = 20;
const count = scaled({ full: 100_000, short: 3000 });
const { deaths, refusals, operations, problems } = await runSchedules(seed, count);
for (const problem of problems.slice(0, SHOWN)) console.log(`  ${problem}`);
console.log(
  `schedules: ${count - problems.length} of ${count} recovered, ${deaths} deaths at ${operations} operations, ` +
    `${refusals} refused by the disk`,
);
if (problems.length > 0) process.exitCode = 1;
