import { readdirSync, readFileSync } from "node:fs";

export interface Seen {
  readonly pid: number;
  readonly command: string;
}

/** The running processes that belong to an appliance or a module: those with its home in their environment or command. */
export function processesOf(home: string): readonly Seen[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const environment = readFileSync(`/proc/${name}/environ`, "utf8");
        const marked = environment.split("\0").some((entry) => entry.startsWith(`METWORK_SERVICE_HOME=${home}`));
        const state = /\) (\w)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1];
        return (marked || command.includes(home)) && state !== "Z" ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}

/** Proportional set size of processes, summed, in KiB: shared pages count once. */
export function memoryOf(processes: readonly Seen[]): number {
  return processes.reduce((sum, { pid }) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return sum + Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  }, 0);
}
