import type { Story, Visit } from "../../core/trace/story.ts";
import type { Context } from "../command.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A file's story as a tree: a line for each step, times in UTC. */
export function printStory(context: Context, story: Story): void {
  const { name, uid, size, arrivedAt, directory, visits } = story;
  context.out(`${name}  ${sizeText(size)}  in ${directory} at ${new Date(arrivedAt).toISOString()}  uid ${uid}`);
  printVisits(context, visits, "", { uid, day: dayOf(arrivedAt) });
}

/** What the lines above have said already. */
interface Said {
  readonly uid: string;
  readonly day: string;
}

function printVisits(context: Context, visits: readonly Visit[], indent: string, said: Said): void {
  for (const [index, visit] of visits.entries()) {
    const last = index === visits.length - 1;
    context.out(`${indent}${last ? "└─" : "├─"} ${visitText(visit, said)}`);
    // A single child goes on at the same depth: most files only pass from step to step.
    const straight = last && visit.children.length === 1 && visit.waiting.length === 0;
    const below = straight ? indent : `${indent}${last ? "   " : "│  "}`;
    for (const { to, size, since } of visit.waiting) {
      const state = since === undefined ? "not begun" : `in work since ${momentText(since, said.day)}`;
      context.out(`${below}${visit.children.length === 0 ? "└─" : "├─"} ${to}  ${sizeText(size)}, ${state}`);
    }
    printVisits(context, visit.children, below, { uid: visit.uid, day: dayOf(visit.at) });
  }
}

function visitText(visit: Visit, { uid, day }: Said): string {
  const version = visit.version === "" ? "" : ` (${visit.version})`;
  const parts = [
    `${momentText(visit.at, day)}  ${visit.plugin}/${visit.step}${version}  ${visit.tookMs} ms`,
    ...(visit.uid === uid ? [] : [`uid ${visit.uid}`]),
    endingText(visit),
    ...(visit.sha256 === undefined ? [] : [`sha256 ${visit.sha256}`]),
  ];
  return parts.join("  ");
}

function endingText({ ending, detail, path, children, waiting }: Visit): string {
  const where = path === undefined ? "" : `: ${path}`;
  switch (ending) {
    case "passed": {
      const targets = [...children.map(({ plugin, step }) => `${plugin}/${step}`), ...waiting.map(({ to }) => to)];
      return `-> ${[...new Set(targets)].join(", ")}`;
    }
    case "stored":
      return `stored${where}`;
    case "removed":
      return "done, taken away";
    case "unmatched":
      return `no rule wanted it, ${detail === "keep" ? `kept${where}` : "deleted"}`;
    case "retried":
      return `failed, tried again: ${detail}`;
    case "buried":
      return `failed${path === undefined ? ", deleted" : `, put in ${path}`}: ${detail}`;
    case "stuck":
      return `failed, and could not be put away: ${detail}`;
    case "returned":
      return detail === "" ? "given back" : `given back: ${detail}`;
  }
}

/** The time alone, on the day that was said. */
function momentText(ms: number, day: string): string {
  return dayOf(ms) === day ? timeText(ms) : `${dayOf(ms)} ${timeText(ms)}`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}

export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
