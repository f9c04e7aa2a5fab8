import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { readProcess } from "../../../kit/linux/process.ts";
import type { HostFacts } from "../types.ts";

/** One look at all processes this user may look into. */
export interface ProcessScan {
  /** Pid of a process that holds the socket, by inode. */
  readonly holders: ReadonlyMap<string, number>;
  readonly inUse: HostFacts["inUse"];
}

/** Finds who holds the sockets of these inodes, and what this user's processes use. */
export function scanProcesses(inodes: ReadonlySet<string>): ProcessScan {
  const uid = process.geteuid?.() ?? -1;
  const holders = new Map<string, number>();
  const inUse = { tasks: 0, inotifyInstances: 0, inotifyWatches: 0 };
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const isOwn = ownerOf(name) === uid;
    if (isOwn) inUse.tasks += tasksOf(name);
    for (const [fd, target] of descriptorsOf(name)) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined && inodes.has(inode)) keepEldest(holders, inode, Number(name));
      if (target !== "anon_inode:inotify" || !isOwn) continue;
      inUse.inotifyInstances += 1;
      inUse.inotifyWatches += watchesOf(name, fd);
    }
  }
  return { holders, inUse };
}

/** Longer command lines are cut: what matters stands first. Characters. */
const COMMAND_MAX = 200;

/** The command line of a process, its arguments separated by blanks. */
export function commandOf(pid: number): string {
  const command = textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim() || textOf(`/proc/${pid}/comm`).trim();
  return command.length > COMMAND_MAX ? `${command.slice(0, COMMAND_MAX - 1)}…` : command;
}

/** Pids of the parents of a process, nearest first. */
export function ancestorsOf(pid: number): readonly number[] {
  const found: number[] = [];
  for (let parent = readProcess(pid)?.parent; parent !== undefined && parent > 0; ) {
    found.push(parent);
    parent = readProcess(parent)?.parent;
  }
  return found;
}

/** A master and its workers share a socket: the master is who matters, and it is the elder. */
function keepEldest(holders: Map<string, number>, inode: string, pid: number): void {
  const known = holders.get(inode);
  if (known === undefined || pid < known) holders.set(inode, pid);
}

function descriptorsOf(pid: string): readonly (readonly [string, string])[] {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).flatMap((fd) => {
      try {
        return [[fd, readlinkSync(`${directory}/${fd}`)] as const];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function watchesOf(pid: string, fd: string): number {
  return textOf(`/proc/${pid}/fdinfo/${fd}`)
    .split("\n")
    .filter((line) => line.startsWith("inotify ")).length;
}

function tasksOf(pid: string): number {
  const stat = textOf(`/proc/${pid}/stat`);
  // Field 20 of proc_pid_stat(5); the second one ends with the last parenthesis.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[17] ?? 1) || 1;
}

function ownerOf(pid: string): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return undefined;
  }
}

/** Empty for a process that has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
