import { readdirSync, readFileSync } from "node:fs";

/** Processor time of a process and all its descendants so far, microseconds, to the scheduler's nanosecond. */
export function cpuUsOf(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1000;
    const children = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean);
    for (const child of children) total += cpuUsOf(Number(child));
  }
  return total;
}
