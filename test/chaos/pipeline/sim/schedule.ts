import { posix } from "node:path";
import { decodeTags } from "../../../../src/core/flow/tags.ts";
import type { Engine } from "../../../../src/flow/engine/engine.ts";
import { Random } from "../random.ts";
import { Disk } from "./disk.ts";
import { ARCHIVE, COPIES, INCOMING, MOVED, NO_MATCH, ROUTES, TRASH } from "./plant.ts";
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
const ENDS = [ARCHIVE, COPIES, MOVED, TRASH, NO_MATCH];

/** Runs files through the plant in the order, with the deaths and the errors that the seed says. */
export async function runSchedule(make: typeof Engine, seed: number): Promise<Scheduled> {
  const random = new Random(seed);
  const disk = new Disk();
  useDisk(disk);
  for (const path of ["/in", INCOMING, "/scratch"]) disk.directories.add(path);
  const letters = Object.keys(ROUTES);
  const names = Array.from({ length: FILES }, (_, index) => {
    return `${letters[random.below(letters.length)]}${random.chance(0.3) ? "é" : ""}${index}`;
  });
  for (const name of names) disk.files.set(posix.join(INCOMING, name), { data: name, attribute: undefined, links: 1 });
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
    if (disk.dead) revive(random.chance(0.7) ? random.below(60) : 0);
  }
  disk.faults = { killAt: 0, error: () => undefined };
  if (disk.dead) revive(0);
  for (let turn = 0; turn < LAST_TURNS && !isDone(disk); turn++) {
    if (daemon.idle || turn % 20 === 0) daemon.announce(true);
    daemon.work();
    daemon.giveBack((loan) => handle(disk, loan));
    await settle();
  }
  return { deaths, refusals, operations: disk.operations, problems: problemsOf(disk, names) };
}

/** Nothing is in the pipeline any more. */
function isDone(disk: Disk): boolean {
  return [...disk.files.keys()].every(
    (path) => posix.basename(path).startsWith(".metwork.") || ENDS.includes(posix.dirname(path)),
  );
}

function problemsOf(disk: Disk, names: readonly string[]): string[] {
  const problems: string[] = [];
  const expected = new Set<string>();
  for (const name of names) {
    const uids = new Set<string>();
    for (const [directory, route] of Object.entries(ROUTES[name[0] ?? ""] ?? {})) {
      const path = posix.join(directory, name);
      expected.add(path).add(`${path}.tags`);
      const inode = disk.files.get(path);
      if (inode === undefined) {
        problems.push(`${path} is missing`);
        continue;
      }
      if (inode.data !== name) problems.push(`${path} has the content of ${inode.data}`);
      const tags = directory === MOVED ? decodeTags(inode.attribute ?? "") : readLines(disk, `${path}.tags`);
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
    const hidden = posix.basename(path).startsWith(".metwork.") || path.startsWith("/scratch/");
    if (!expected.has(path) && !hidden) problems.push(`${path} should not be there`);
  }
  return problems;
}

function readLines(disk: Disk, path: string): ReadonlyMap<string, string> | undefined {
  const lines = disk.files.get(path)?.data.trimEnd().split("\n");
  const pairs = lines?.map((line) => line.split(" = ") as [string, string]);
  // The number of the step decides the order, not the alphabet.
  return pairs && new Map(pairs.toSorted(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || 0));
}
