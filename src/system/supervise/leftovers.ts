import { setTimeout as sleep } from "node:timers/promises";
import { ownProcesses, readEnviron, readProcess, sendSignal } from "../../kit/linux/process.ts";
import { HOME_MARKER, RUN_MARKER } from "./command.ts";

const ROUNDS = 50;
const ROUND_MS = 20;

/**
 * Kills what is left of processes after they ended: their groups, and descendants that left the group, known by the mark
 * in their environment. One pass over /proc serves all who ask at the same time.
 */
export class Sweeper {
  #waiting = new Map<string, { readonly group: number; readonly done: (() => void)[] }>();
  #sweeping = false;

  /** Resolves when nothing of that run is alive any more. `group`: the pid of its first process. */
  sweep(run: string, group: number): Promise<void> {
    return new Promise((done) => {
      const entry = this.#waiting.get(run) ?? { group, done: [] };
      entry.done.push(done);
      this.#waiting.set(run, entry);
      if (!this.#sweeping) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#sweeping = true;
    while (this.#waiting.size > 0) {
      const batch = this.#waiting;
      this.#waiting = new Map();
      const marks = new Map([...batch].map(([run]) => [`${RUN_MARKER}=${run}`, run]));
      for (const { group } of batch.values()) sendSignal(-group, "SIGKILL");
      await killUntilNone(() =>
        ownProcesses().filter((pid) => {
          const mark = readEnviron(pid).find((entry) => entry.startsWith(RUN_MARKER));
          return mark !== undefined && marks.has(mark);
        }),
      );
      for (const { done } of batch.values()) for (const resolve of done) resolve();
    }
    this.#sweeping = false;
  }
}

/** A process as recorded by an earlier supervisor. */
export interface Recorded {
  readonly pid: number;
  readonly startTicks: number;
}

/**
 * Kills everything an earlier supervisor of this home left alive: recorded processes with their groups (only when the
 * start time proves that the pid still means the same process), then every process that carries the home's mark.
 * Gives the number of processes killed.
 */
export async function killLeftovers(home: string, recorded: readonly Recorded[]): Promise<number> {
  const mark = `${HOME_MARKER}=${home}`;
  const leaders = new Map(recorded.map(({ pid, startTicks }) => [pid, startTicks]));
  return killUntilNone(() =>
    ownProcesses().filter(
      (pid) => pid !== process.pid && (isOfGroup(pid, leaders, mark) || readEnviron(pid).includes(mark)),
    ),
  );
}

/**
 * Whether a process belongs to the group of a recorded one. While the leader lives its start time decides. Once it is
 * gone its number can have been given away, so that a member whose environment is readable must carry the mark; programs
 * that write their title over their environment (nginx, redis) are taken at their group's word.
 */
function isOfGroup(pid: number, leaders: ReadonlyMap<number, number>, mark: string): boolean {
  const facts = readProcess(pid);
  const leaderTicks = facts === undefined ? undefined : leaders.get(facts.group);
  if (facts === undefined || leaderTicks === undefined || facts.state === "Z" || facts.session !== facts.group)
    return false;
  const leader = readProcess(facts.group);
  if (leader !== undefined) return leader.startTicks === leaderTicks;
  const environ = readEnviron(pid);
  const readable = environ.some((entry) => /^(PATH|HOME|USER)=/.test(entry));
  return facts.startTicks >= leaderTicks && (!readable || environ.includes(mark));
}

/** Kills what `find` names until it finds nothing, or gives up on what does not die (uninterruptible sleep). */
async function killUntilNone(find: () => readonly number[]): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const pids = find();
    if (pids.length === 0) break;
    for (const pid of pids) {
      killed.add(pid);
      sendSignal(pid, "SIGKILL");
    }
    await sleep(Math.min(ROUND_MS, 1 + round * 2));
  }
  return killed.size;
}
