import { posix } from "node:path";
import { decodeTags } from "../../../../src/core/flow/tags.ts";
import type { Engine } from "../../../../src/flow/engine/engine.ts";
import { Random } from "../random.ts";
import { Disk } from "./disk.ts";
import {
  ARCHIVE,
  COPIES,
  FAR_ARCHIVE,
  FAR_INCOMING,
  FAR_MOVED,
  FROM_FAR,
  INCOMING,
  MOVED,
  NO_MATCH,
  ROUTES,
  TAKEN,
  TRASH,
} from "./plant.ts";
import { handle, Process, settle } from "./process.ts";
import { useDisk } from "./system.ts";

export interface Scheduled {
  readonly deaths: number;
  readonly refusals: number;
  readonly operations: number;
  /** What is wrong at the end; empty: all is well. */
  readonly problems: readonly string[];
}

const FILES = 4;
const TURNS = 60;
const LAST_TURNS = 600;
const ERRORS = ["ENOSPC", "EIO", "EROFS"] as const;
const ENDS = [ARCHIVE, COPIES, MOVED, FAR_ARCHIVE, TAKEN, TRASH, NO_MATCH];

/** Runs files through the plant in the order, with the deaths and the errors that the seed says. */
export async function runSchedule(make: typeof Engine, seed: number): Promise<Scheduled> {
  const random = new Random(seed);
  const disk = new Disk();
  useDisk(disk);
  for (const path of ["/in", INCOMING, "/far", FAR_INCOMING, TAKEN, "/scratch"]) disk.directories.add(path);
  const letters = Object.keys(ROUTES);
  const names = Array.from({ length: FILES }, (_, index) => {
    return `${letters[random.below(letters.length)]}${random.chance(0.3) ? "é" : ""}${index}`;
  });
  for (const name of names) {
    const directory = FROM_FAR.test(name) ? FAR_INCOMING : INCOMING;
    disk.files.set(posix.join(directory, name), { data: name, attribute: undefined, links: 1 });
  }
  const twice: string[] = [];
  let deaths = 0;
  let refusals = 0;
  const faulty = random.chance(0.3);
  disk.faults = {
    killAt: random.below(80),
    error: () => {
      if (!faulty || !random.chance(0.03)) return undefined;
      refusals += 1;
      return random.pick(ERRORS);
    },
  };
  let daemon = new Process(make, disk, random);
  const revive = (killAt: number): void => {
    deaths += 1;
    disk.dead = false;
    disk.faults.killAt = killAt;
    daemon = new Process(make, disk, random);
  };
  for (let turn = 0; turn < TURNS; turn++) {
    const lot = random.fraction();
    if (lot < 0.2) daemon.announce(false);
    else if (lot < 0.65) daemon.work();
    else if (lot < 0.97) daemon.giveBack((loan) => (random.chance(0.05) ? { is: "untaken" } : handle(disk, loan)));
    else disk.dead = true;
    await settle();
    if (random.chance(0.3)) twice.push(...takeAway(disk));
    if (disk.dead) revive(random.chance(0.7) ? random.below(60) : 0);
  }
  disk.faults = { killAt: 0, error: () => undefined };
  if (disk.dead) revive(0);
  for (let turn = 0; turn < LAST_TURNS && !isDone(disk); turn++) {
    if (daemon.idle || turn % 20 === 0) daemon.announce(true);
    daemon.work();
    daemon.giveBack((loan) => handle(disk, loan));
    await settle();
    twice.push(...takeAway(disk));
  }
  return { deaths, refusals, operations: disk.operations, problems: [...twice, ...problemsOf(disk, names)] };
}

/** Somebody takes what was put for them, whatever the daemon is doing; returns what they got twice. */
function takeAway({ files }: Disk): readonly string[] {
  const there = [...files].filter(([path]) => posix.dirname(path) === FAR_MOVED && !isHidden(path));
  return there.flatMap(([path, inode]) => {
    const taken = posix.join(TAKEN, posix.basename(path));
    const problem = files.has(taken) ? [`${path} was delivered twice`] : [];
    files.delete(path);
    files.set(taken, inode);
    return problem;
  });
}

function isHidden(path: string): boolean {
  return posix.basename(path).startsWith(".metwork.");
}

/** Nothing is in the pipeline any more. */
function isDone(disk: Disk): boolean {
  return [...disk.files.keys()].every((path) => isHidden(path) || ENDS.includes(posix.dirname(path)));
}

function problemsOf(disk: Disk, names: readonly string[]): string[] {
  const problems: string[] = [];
  const expected = new Set<string>();
  for (const name of names) {
    const uids = new Set<string>();
    for (const [directory, route] of Object.entries(ROUTES[name[0] ?? ""] ?? {})) {
      const path = posix.join(directory, name);
      expected.add(path);
      if (directory !== MOVED && directory !== TAKEN) expected.add(`${path}.tags`);
      const inode = disk.files.get(path);
      if (inode === undefined) {
        problems.push(`${path} is missing`);
        continue;
      }
      if (inode.data !== name) problems.push(`${path} has the content of ${inode.data}`);
      const onFile = directory === MOVED || directory === TAKEN;
      const tags = onFile ? decodeTags(inode.attribute ?? "") : readLines(disk, `${path}.tags`);
      const steps = [...(tags ?? [])].flatMap(([tag]) => /^\d+\.(\w+)\.main\.enter_step$/.exec(tag)?.[1] ?? []);
      if (!route.test(steps.join(" "))) problems.push(`${path} went ${steps.join(" ")}`);
      if (tags?.get("latest.core.step_counter") !== String(steps.length - 1)) problems.push(`${path} counts wrong`);
      if (tags?.get("first.core.original_basename") !== name) problems.push(`${path} lost its name`);
      if (tags?.get("first.core.original_dirname") !== "incoming") problems.push(`${path} lost its origin`);
      uids.add(tags?.get("first.core.original_uid") ?? "");
    }
    if (uids.size !== 1 || uids.has("")) problems.push(`${name} has ${uids.size} identities`);
  }
  for (const path of disk.files.keys()) {
    // What nobody sees may be left where the pipeline cleans up, and nowhere else.
    const known = (isHidden(path) && path.startsWith("/in/")) || path.startsWith("/scratch/");
    if (!expected.has(path) && !known) problems.push(`${path} should not be there`);
  }
  return problems;
}

function readLines(disk: Disk, path: string): ReadonlyMap<string, string> | undefined {
  const lines = disk.files.get(path)?.data.trimEnd().split("\n");
  const pairs = lines?.map((line) => line.split(" = ") as [string, string]);
  // The number of the step decides the order, not the alphabet.
  return pairs && new Map(pairs.toSorted(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || 0));
}
