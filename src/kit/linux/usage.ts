import { readdirSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** What a process and all it started use together. */
export interface Usage {
  /** Processes and threads. */
  readonly tasks: number;
  /** Resident bytes that no file backs. */
  readonly bytes: number;
}

interface Seen {
  readonly parent: number;
  readonly session: number;
  readonly threads: number;
}

/** How many processes and threads the machine has, which costs next to nothing to ask. */
export function tasksOfMachine(): number {
  return Number(/\/(\d+) /.exec(readFileSync("/proc/loadavg", "latin1"))?.[1] ?? 0);
}

/**
 * Adds up what belongs to each of the given session leaders: the members of its session, and the descendants of these in
 * sessions of their own. `strayOf` names the leader of an orphan whose family has ended, if it has one. One pass over /proc.
 */
export function usageOf(
  leaders: ReadonlySet<number>,
  strayOf: (pid: number, parent: number) => number | undefined,
): ReadonlyMap<number, Usage> {
  const all = new Map<number, Seen>();
  for (const name of readdirSync("/proc")) {
    const seen = /^\d/.test(name) ? readSeen(name) : undefined;
    if (seen !== undefined) all.set(Number(name), seen);
  }
  const owners = new Map<number, number | undefined>();
  const ownerOf = (pid: number): number | undefined => {
    if (owners.has(pid)) return owners.get(pid);
    const seen = all.get(pid);
    if (seen === undefined) return undefined;
    // Set first: a pid that was given away during the pass may seem to be its own ancestor.
    owners.set(pid, undefined);
    const owner = leaders.has(seen.session) ? seen.session : (ownerOf(seen.parent) ?? strayOf(pid, seen.parent));
    owners.set(pid, owner);
    return owner;
  };
  const sums = new Map<number, { tasks: number; bytes: number }>();
  for (const [pid, { threads }] of all) {
    const owner = ownerOf(pid);
    if (owner === undefined) continue;
    const sum = sums.get(owner) ?? { tasks: 0, bytes: 0 };
    sum.tasks += threads;
    sum.bytes += ownBytes(pid);
    sums.set(owner, sum);
  }
  return sums;
}

/** Fields of /proc/PID/stat (proc(5)). */
function readSeen(pid: string): Seen | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), session: Number(fields[3]), threads: Number(fields[17]) };
  } catch {
    return undefined;
  }
}

function ownBytes(pid: number): number {
  try {
    const [, resident = "0", shared = "0"] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
    return (Number(resident) - Number(shared)) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
