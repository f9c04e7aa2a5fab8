import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { libc, systemError } from "./libc.ts";

const prctl = libc.func("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)");
const pipe2 = libc.func("int pipe2(_Out_ int *fds, int flags)");
const waitid = libc.func("int waitid(int idtype, unsigned int id, _Out_ void *info, int options)");
const waitpid = libc.func("int waitpid(int pid, _Out_ int *status, int options)");

const PR_SET_CHILD_SUBREAPER = 36;
const O_CLOEXEC = 0o2000000;
const WNOHANG = 1;
const WSTOPPED = 2;
const P_ALL = 0;
/** siginfo_t of a child's change, on all 64-bit architectures: si_code at 8, si_pid at 16, 128 bytes in all. */
const SIGINFO = { bytes: 128, code: 8, pid: 16 } as const;
const CLD_STOPPED = 5;

/** What /proc/PID/stat (proc(5)) says of a process. */
export interface ProcessFacts {
  readonly pid: number;
  /** `R`, `S`, `D`, `Z` (ended, not yet reaped), ... */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks after boot at which it started: with the pid, its identity until the next boot. */
  readonly startTicks: number;
}

/** Facts about a process, or nothing when there is none. */
export function readProcess(pid: number): ProcessFacts | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The name in parentheses may hold anything, parentheses and blanks included.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (field: number): number => Number(fields[field - 3]);
  return {
    pid,
    state: fields[0] ?? "?",
    parent: number(4),
    group: number(5),
    session: number(6),
    startTicks: number(22),
  };
}

/** The pids of all processes of this user. */
export function ownProcesses(): readonly number[] {
  const uid = process.getuid?.() ?? -1;
  const isOwn = (pid: string): boolean => {
    try {
      return statSync(`/proc/${pid}`).uid === uid;
    } catch {
      return false;
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && isOwn(name))
    .map(Number);
}

/** The environment a process was started with, as `NAME=value`s; empty when it ended, hid or overwrote it. */
export function readEnviron(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** The first word of a process's command line. */
export function readProgram(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] || undefined;
  } catch {
    return undefined;
  }
}

/** Tells this boot of the machine from every other: pids and start ticks mean something only within one. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Makes orphans among this process's descendants its children instead of init's. */
export function becomeSubreaper(): void {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) !== 0) throw systemError("prctl");
}

/** The pids of the processes that the main thread of one started or adopted; none when it has ended. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return (readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").match(/\d+/g) ?? []).map(Number);
  } catch {
    return [];
  }
}

/** The numbers under which a process has a file open, as one word; empty when it has not, or may not be looked at. */
export function descriptorsOf(pid: number, file: string): string {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory)
      .filter((fd) => readlinkOf(`${directory}/${fd}`) === file)
      .join(",");
  } catch {
    return "";
  }
}

function readlinkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The children of this process that are not in `known`: adopted orphans. */
export function adoptedChildren(known: ReadonlySet<number>): readonly number[] {
  return childrenOf(process.pid).filter((pid) => !known.has(pid));
}

/** The pids of all that was started below a process of this user and still runs, the process itself not included. */
export function descendants(ancestor: number): readonly number[] {
  const parents = new Map(ownProcesses().map((pid) => [pid, readProcess(pid)?.parent]));
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent === ancestor || (parent !== undefined && parent > 1 && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** The children that a signal has stopped since the last call; how they ended is left for others to ask. */
export function stoppedChildren(): readonly number[] {
  const pids: number[] = [];
  for (;;) {
    const info = Buffer.alloc(SIGINFO.bytes);
    if (waitid(P_ALL, 0, info, WSTOPPED | WNOHANG) !== 0) return pids;
    const pid = info.readInt32LE(SIGINFO.pid);
    if (pid === 0) return pids;
    if (info.readInt32LE(SIGINFO.code) === CLD_STOPPED) pids.push(pid);
  }
}

/** Lets an adopted child that has ended go, so that it does not stay behind as a zombie. */
export function reap(pid: number): void {
  if (readProcess(pid)?.state === "Z") waitpid(pid, [0], WNOHANG);
}

/**
 * A pipe(2), both ends close-on-exec. Node's own stdio pipes are sockets, on which a child cannot open `/dev/stderr`.
 * The caller closes both ends.
 */
export function makePipe(): { readonly read: number; readonly write: number } {
  const ends = [-1, -1];
  if (pipe2(ends, O_CLOEXEC) !== 0) throw systemError("pipe2");
  const [read = -1, write = -1] = ends;
  return { read, write };
}

/**
 * Sends a signal to a process, or with a negative pid to a group; false when there is none any more. 0, the pid of what
 * never started, is nobody: to the kernel it would mean the caller's own group.
 */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (pid === 0) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
