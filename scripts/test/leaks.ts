import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process of this test run that outlived its test. */
export interface Leak {
  readonly pid: number;
  readonly command: string;
}

/** What gives a process away: the run's mark in its environment, or the run's directory in what /proc tells of it. */
export interface Mark {
  readonly id: string;
  readonly directory: string;
}

/** The processes that belong to a run, this one excepted. */
export function processesOf(mark: Mark): readonly Leak[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    const command = read(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    // No command line: a kernel thread, or a zombie, which is its parent's to collect.
    if (command === "") return [];
    const about = [
      command,
      read(() => readFileSync(`/proc/${pid}/environ`, "utf8")),
      read(() => readlinkSync(`/proc/${pid}/cwd`)),
    ];
    const ours = about.some((text) => text.includes(`METWORK_TEST_RUN=${mark.id}`) || text.includes(mark.directory));
    return ours ? [{ pid: Number(pid), command: command.replaceAll("\0", " ").trim() }] : [];
  });
}

/** Waits a little for the last ones to end by themselves, then kills what is left and says what it was. */
export async function reap(mark: Mark, patienceMs = 10_000): Promise<readonly Leak[]> {
  const deadline = performance.now() + patienceMs;
  let left = processesOf(mark);
  while (left.length > 0 && performance.now() < deadline) {
    await delay(50);
    left = processesOf(mark);
  }
  const leaks = left;
  // A supervisor may start its children again while they are being killed one by one.
  for (let round = 0; round < 20 && left.length > 0; round += 1) {
    for (const { pid } of left) kill(pid);
    await delay(50);
    left = processesOf(mark);
  }
  return leaks;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}

/** A process may end while it is looked at, or belong to somebody else. */
function read(look: () => string): string {
  try {
    return look();
  } catch {
    return "";
  }
}
