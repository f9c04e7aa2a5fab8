import { createServer } from "node:net";
import { CHECKPOINTS } from "../../src/kit/checkpoint.ts";
import { assertRunsOneOf, startVictim, type Victim } from "./victim.ts";

export interface Figures {
  readonly kills: number;
  /** Kills after which all was as it must be, right away and at the end. */
  readonly settled: number;
  readonly points: number;
  /** Which generation was in force right after the kill. */
  readonly old: number;
  readonly new: number;
  readonly requests: number;
  readonly failed: number;
  readonly problems: readonly string[];
}

export interface Rounds {
  /** How often each point. */
  readonly times: number;
  /** `metwork apply` comes after a kill, as a person would do; else the same in this process. */
  readonly how: "command" | "here";
}

/** Points of an apply at which conf_monitor is killed, too. */
const ALSO_IN_MONITOR = ["loaded", "staged", "parts-half", "switched", "own-all", "stops-half", "recorded"] as const;

/** Kills `metwork apply` at each of its points, or some of them, while it goes forward. */
export function killApplies({ times, how }: Rounds, points: readonly string[] = CHECKPOINTS.apply): Promise<Figures> {
  return inRounds(points, times, "", async (victim, point, round, count) => {
    const before = await victim.inspect();
    victim.save(round + 1);
    if (!(await victim.applyAndDie(point))) throw new Error(`${point} was not reached`);
    const after = await victim.inspect();
    // Every second time the cause is taken back as well: then it must be undone.
    const version = count % 2 === 0 ? round + 1 : round;
    victim.save(version);
    await victim.apply(how);
    await victim.isSettled(version);
    const final = await victim.inspect();
    const known = [before.generation, after.generation, final.generation];
    if (version > round) assertRunsOneOf(victim.layout, after, known);
    victim.save(round + 1);
    if (version === round) await victim.apply(how);
    return after.generation === before.generation ? "old" : "new";
  });
}

/** Kills `metwork apply` while it rolls back, because nginx cannot get the port it is told to take. */
export async function killRollbacks({ times, how }: Rounds, points: readonly string[]): Promise<Figures> {
  const taken = createServer().listen(0, "0.0.0.0");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  try {
    return await inRounds(points, times, "", async (victim, point, round) => {
      const before = await victim.inspect();
      victim.save(round + 1);
      victim.configure(port, MANUAL);
      if (!(await victim.applyAndDie(point))) throw new Error(`${point} was not reached`);
      victim.configure(victim.appliance.ports.mfserv, MANUAL);
      const after = await victim.inspect();
      await victim.apply(how);
      await victim.isSettled(round + 1);
      return after.generation === before.generation ? "old" : "new";
    });
  } finally {
    taken.close();
  }
}

/** Kills conf_monitor, which the supervisor starts again and which must complete the change by itself. */
export function killMonitors({ times, how }: Rounds): Promise<Figures> {
  const points = how === "here" ? CHECKPOINTS.monitor : [...CHECKPOINTS.monitor, ...ALSO_IN_MONITOR];
  return inRounds(points, times, "[autorestart]\nflag = 1\n", async (victim, point, round) => {
    await victim.orderKill(point);
    const before = await victim.inspect();
    victim.save(round + 1);
    await victim.killed();
    const after = await victim.inspect();
    await victim.isSettled(round + 1);
    return after.generation === before.generation ? "old" : "new";
  });
}

const MANUAL = "[autorestart]\nflag = 0\n";

type Round = (victim: Victim, point: string, round: number, count: number) => Promise<"old" | "new">;

async function inRounds(points: readonly string[], times: number, site: string, round: Round): Promise<Figures> {
  await using victim = await startVictim(site === "" ? MANUAL : site);
  await victim.isSettled(0);
  const seen = { old: 0, new: 0 };
  const problems: string[] = [];
  let number = 0;
  for (let count = 0; count < times; count++) {
    for (const [index, point] of points.entries()) {
      try {
        seen[await round(victim, point, number, count + index)]++;
      } catch (error) {
        problems.push(`${point}, time ${count + 1}: ${error instanceof Error ? error.message : error}`);
        victim.save(number + 1);
        await victim.apply("command");
      }
      number++;
    }
  }
  return {
    kills: number,
    settled: number - problems.length,
    points: points.length,
    ...seen,
    requests: victim.requests.sent,
    failed: victim.requests.failed.length,
    problems: [...problems, ...victim.requests.failed],
  };
}
