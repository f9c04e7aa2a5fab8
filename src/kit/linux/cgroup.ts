import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Processes whose number, threads included, the kernel limits. */
export interface TaskGroup {
  /** Moves a process in; what it starts from then on is in too. */
  add(pid: number): void;
  /** Once nothing of it is alive. */
  remove(): void;
}

/** Task groups below the control group of this process (cgroups(7), version 1 or 2). */
export interface TaskGroups {
  /** A new group; undefined when the kernel refuses. */
  make(name: string, tasks: number): TaskGroup | undefined;
  end(): void;
}

const PREFIX = "metwork-";

/** Finds out whether this process may limit tasks: root may, and whom a part of the tree was given to. */
export function taskGroups(): TaskGroups | undefined {
  const own = ownGroup();
  if (own === undefined) return undefined;
  const base = join(own, `${PREFIX}${process.pid}`);
  try {
    removeOrphans(own);
    mkdirSync(base);
    // Version 2 only: the controller must be handed down.
    for (const directory of [own, base]) {
      const control = join(directory, "cgroup.subtree_control");
      if (existsSync(control)) writeFileSync(control, "+pids");
    }
  } catch {
    removeGroup(base);
    return undefined;
  }
  return {
    make: (name, tasks) => makeGroup(join(base, name), tasks),
    end: () => {
      for (const name of directoriesIn(base)) removeGroup(join(base, name));
      removeGroup(base);
    },
  };
}

function makeGroup(directory: string, tasks: number): TaskGroup | undefined {
  try {
    mkdirSync(directory);
    writeFileSync(join(directory, "pids.max"), String(tasks));
  } catch {
    removeGroup(directory);
    return undefined;
  }
  return {
    add: (pid) => {
      try {
        writeFileSync(join(directory, "cgroup.procs"), String(pid));
      } catch {
        // It has ended already.
      }
    },
    remove: () => removeGroup(directory),
  };
}

/** The directory that stands for this process's group in the hierarchy that counts tasks. */
function ownGroup(): string | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  for (const line of readFileSync("/proc/self/cgroup", "utf8").trim().split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isUnified = controllers === "";
    if (!isUnified && !controllers.split(",").includes("pids")) continue;
    for (const mount of mounts) {
      const [before = "", after = ""] = mount.split(" - ");
      const [type, , options = ""] = after.split(" ");
      const fits = isUnified ? type === "cgroup2" : type === "cgroup" && options.split(",").includes("pids");
      const directory = join(before.split(" ")[4] ?? "", path);
      if (fits && existsSync(join(directory, "cgroup.procs"))) return directory;
    }
  }
  return undefined;
}

/** What a killed predecessor left: its processes have ended by now, or keep their group in use. */
function removeOrphans(own: string): void {
  for (const name of directoriesIn(own)) {
    if (!name.startsWith(PREFIX) || existsSync(`/proc/${name.slice(PREFIX.length)}`)) continue;
    for (const group of directoriesIn(join(own, name))) removeGroup(join(own, name, group));
    removeGroup(join(own, name));
  }
}

function directoriesIn(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** A group in use stays; the end of all groups tries again. */
function removeGroup(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // In use, or never made.
  }
}
