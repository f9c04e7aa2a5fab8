import { readdirSync, readFileSync } from "node:fs";

/** Processor time of a process and all its descendants so far, microseconds, to the scheduler's nanosecond. */
export function cpuUsOf(pid: number): number {
  let total = ownCpuUs(pid);
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean);
    for (const child of children) total += cpuUsOf(Number(child));
  }
  return total;
}

/** Processor time of a process alone so far, microseconds. Threads that ended are left out. */
export function ownCpuUs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1000,
    0,
  );
}
