/** Kills apply and conf_monitor at every checkpoint, and looks at what is left. */
import { CHECKPOINTS } from "../../src/kit/checkpoint.ts";
import { killApplies, killMonitors, killRollbacks } from "./kills.ts";

const full = process.env["CHAOS"] === "full";
const rounds = { times: full ? 20 : 1, how: "command" } as const;
const parts = {
  "apply, going forward": await killApplies(rounds),
  "apply, rolling back": await killRollbacks(rounds, CHECKPOINTS.rollback),
  conf_monitor: await killMonitors(rounds),
};
for (const [what, one] of Object.entries(parts)) {
  console.log(
    `kills of ${what}: ${one.settled} of ${one.kills} settled, at ${one.points} points ${rounds.times} times; in force ` +
      `right after: ${one.old} old, ${one.new} new; ${one.failed} of ${one.requests} requests failed`,
  );
  for (const problem of one.problems) console.log(`  ${problem}`);
  if (one.settled < one.kills || one.failed > 0) process.exitCode = 1;
}
