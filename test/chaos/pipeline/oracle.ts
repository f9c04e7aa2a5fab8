import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "./generator.ts";
import { type End, EXECUTIONS, endDirectory, type Places, ROUTES } from "./plant.ts";

const ENDS: readonly End[] = ["archive", "copies", "failed", "unmatched"];
const HIDDEN = ".metwork.";

/** What became of the files. All but `finals` and `executions` must be 0. */
export interface Verdict {
  readonly finals: number;
  readonly lost: number;
  readonly corrupt: number;
  /** With a name, origin, identity or steps that are not its own. */
  readonly mistagged: number;
  /** Files at an end that are nobody's: seen twice, or at the wrong end. */
  readonly strangers: number;
  /** Files anywhere else in the pipeline. */
  readonly inside: number;
  /** Executions of the step of its own program beyond those that were needed. */
  readonly again: number;
  readonly problems: readonly string[];
}

/** How many files are at an end. */
export function countFinals(flow: Places): number {
  return ENDS.reduce((sum, end) => sum + dataIn(endDirectory(flow, end)).length, 0);
}

export function expectedFinals(samples: readonly Sample[]): number {
  return samples.reduce((sum, { kind }) => sum + Object.keys(ROUTES[kind]).length, 0);
}

/** Looks at every accepted file at each of its ends. */
export function judge(flow: Places, samples: readonly Sample[]): Verdict {
  const problems: string[] = [];
  const expected = new Map(ENDS.map((end) => [end, new Set<string>()]));
  const uids = new Set<string>();
  let [lost, corrupt, mistagged] = [0, 0, 0];
  for (const { name, kind, sha256 } of samples) {
    const own = new Set<string>();
    for (const [end, route] of Object.entries(ROUTES[kind]) as [End, string][]) {
      const path = join(endDirectory(flow, end), name);
      expected.get(end)?.add(name).add(`${name}.tags`);
      if (!existsSync(path)) {
        lost += 1;
        problems.push(`${name} is not at ${end}`);
        continue;
      }
      if (createHash("sha256").update(readFileSync(path)).digest("hex") !== sha256) {
        corrupt += 1;
        problems.push(`${name} at ${end} has other content`);
      }
      const wrong = wrongTags(`${path}.tags`, name, route, own);
      if (wrong !== undefined) {
        mistagged += 1;
        problems.push(`${name} at ${end}: ${wrong}`);
      }
    }
    if (own.size > 1 || [...own].some((uid) => uids.has(uid))) problems.push(`${name} shares or changes its identity`);
    for (const uid of own) uids.add(uid);
  }
  const strangers = ENDS.flatMap((end) => {
    const directory = endDirectory(flow, end);
    const names = existsSync(directory) ? readdirSync(directory) : [];
    return names
      .filter((name) => !name.startsWith(HIDDEN) && !expected.get(end)?.has(name))
      .map((name) => `${end}/${name}`);
  });
  const inside = flow.inside().filter((path) => !path.startsWith(join(flow.dataIn, "trash")));
  problems.push(...strangers.map((name) => `a stranger: ${name}`), ...inside.map((path) => `left inside: ${path}`));
  return {
    finals: countFinals(flow),
    lost,
    corrupt,
    mistagged,
    strangers: strangers.length,
    inside: inside.length,
    again: executions(flow) - samples.reduce((sum, { kind }) => sum + (EXECUTIONS[kind] ?? 0), 0),
    problems,
  };
}

function wrongTags(path: string, name: string, route: string, uids: Set<string>): string | undefined {
  if (!existsSync(path)) return "no tags";
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const tags = new Map(lines.map((line) => line.split(" = ") as [string, string]));
  const steps = lines
    .flatMap((line) => [...line.matchAll(/^(\d+)\.(\w+)\.main\.enter_step = /g)])
    .toSorted((a, b) => Number(a[1]) - Number(b[1]))
    .map((match) => match[2])
    .join(" ");
  uids.add(tags.get("first.core.original_uid") ?? "");
  if (steps !== route) return `it went ${steps}`;
  if (tags.get("latest.core.step_counter") !== String(route.split(" ").length - 1)) return "its steps are miscounted";
  if (tags.get("first.core.original_basename") !== name) return "its name is lost";
  if (tags.get("first.core.original_dirname") !== "incoming") return "its origin is lost";
  return undefined;
}

function executions(flow: Places): number {
  const path = join(flow.root, "notes");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
}

function dataIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => !name.endsWith(".tags") && !name.startsWith(HIDDEN));
}
