/** Kills the pipeline's daemon and the workers of its steps among files, at random and at named points. */
import { killInFlight } from "./pipeline/kills.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { percentile } from "./pipeline/world.ts";

const ROUND = 5000;
const FILES_PER_KILL = 50;
const files = scaled({ full: 100_000, short: 400 });
const tally = new Tally();
const points = new Set<string>();
const gaps: number[] = [];
let daemons = 0;
let workers = 0;
for (let from = 0; from < files; from += ROUND) {
  const count = Math.min(ROUND, files - from);
  const round = await killInFlight(seed + from, count, Math.ceil(count / FILES_PER_KILL));
  tally.add(round.verdict, `CHAOS_SEED=${seed + from}`);
  daemons += round.daemons;
  workers += round.workers;
  gaps.push(...round.gaps);
  for (const point of round.points) points.add(point);
}
const kills = daemons + workers;
const p95 = percentile(gaps, 0.95);
console.log(
  `flow kills: ${tally.line(files)}; ${daemons} of the daemon, ${workers} of workers, at ${points.size} named points; ` +
    `${tally.again} executed again (${(tally.again / kills).toFixed(2)} a kill); working again in ${Math.round(p95)} ms (p95)`,
);
if (tally.isBad || tally.again > kills) process.exitCode = 1;
