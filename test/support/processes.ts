import { readdirSync, readFileSync } from "node:fs";

export interface Seen {
  readonly pid: number;
  readonly command: string;
}

interface Process extends Seen {
  readonly parent: number;
  readonly marked: boolean;
}

/**
 * The running processes of an appliance or a module: those that name its home in their command or their environment, and
 * all their descendants (nginx's workers overwrite both).
 */
export function processesOf(home: string): readonly Seen[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => readProcess(Number(name), home) ?? []);
  const found = new Set(all.filter(({ marked }) => marked).map(({ pid }) => pid));
  for (let grown = true; grown; ) {
    const children = all.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    for (const { pid } of children) found.add(pid);
    grown = children.length > 0;
  }
  return all.filter(({ pid }) => found.has(pid)).map(({ pid, command }) => ({ pid, command }));
}

/** Proportional set size of processes, summed, in KiB: shared pages count once, who has ended meanwhile does not. */
export function memoryOf(processes: readonly Seen[]): number {
  return processes.reduce((sum, { pid }) => sum + proportionalSize(pid), 0);
}

function proportionalSize(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0);
  } catch (error) {
    const ended = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
    if (ended) return 0;
    throw error;
  }
}

function readProcess(pid: number, home: string): Process | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const [, state, parent] = /\) (\w) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    if (state === undefined || state === "Z") return undefined;
    const marked = command.includes(home) || environment.some((one) => one.startsWith(`METWORK_SERVICE_HOME=${home}`));
    return { pid, command, parent: Number(parent), marked };
  } catch {
    return undefined;
  }
}
