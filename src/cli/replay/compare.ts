import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { createTwoFilesPatch } from "diff";
import { systemPath } from "../../core/flow/names.ts";
import { TAG } from "../../core/flow/tags.ts";
import type { Visit } from "../../core/trace/story.ts";
import type { TrialOutput } from "../../flow/trial.ts";
import type { TrialReport } from "../steps/report.ts";
import { nameOf } from "./kept.ts";

/** What came of a file: how it ended, and what was sent where. */
export interface Result {
  readonly title: string;
  readonly ending: string;
  readonly reason: string;
  readonly outputs: readonly Output[];
}

export interface Output {
  readonly to: string;
  readonly name: string;
  readonly size: number;
  /** Absent where the content is not known. */
  readonly sha256?: string;
  readonly path?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Difference {
  readonly what: "ending" | "output" | "content" | "tags";
  readonly text: string;
}

/** A longer text is not compared line by line. Bytes. */
const TEXT_MAX = 1024 * 1024;
/** Tags that differ with each run. */
const VOLATILE = /\.(?:enter_step|batch_id)$|^first\.core\.original_uid$/;

/** What a trial made of a file. */
export function resultOf(title: string, { tried, outputs }: TrialReport): Result | undefined {
  const [one] = tried;
  if (one === undefined) return undefined;
  const { ending } = one;
  const others = new Set(outputs.map(({ path }) => `${path}.tags`));
  return {
    title,
    ending: ending.is,
    reason: "reason" in ending ? ending.reason : "",
    // Tags kept beside a file belong to it.
    outputs: outputs.filter(({ path }) => !others.has(path)).map(outputOf),
  };
}

/** What the trace says that a step made of it. */
export function recordedResult(visit: Visit): Result {
  const sent = [
    ...visit.children.map((child) => ({ to: nameOf(child), size: child.size })),
    ...visit.waiting.map(({ to, size }) => ({ to, size })),
  ];
  return {
    title: `recorded ${new Date(visit.at).toISOString().slice(0, 19)}Z`,
    ending: visit.ending,
    reason: visit.detail,
    outputs: [...sent.map(({ to, size }) => ({ to, name: "", size })), ...keptOutput(visit)],
  };
}

/** What the step put outside the pipeline. */
function keptOutput({ ending, path, size, sha256 }: Visit): readonly Output[] {
  if (ending !== "stored" || path === undefined) return [];
  return [{ to: dirname(path), name: basename(path), size, path, ...(sha256 !== undefined && { sha256 }) }];
}

/** What of one result is not in the other. What a record does not tell is not compared. */
export function compare(before: Result, after: Result): readonly Difference[] {
  const differences: Difference[] = [];
  if (before.ending !== after.ending) {
    const text = (result: Result): string => `${result.ending}${result.reason === "" ? "" : `: ${result.reason}`}`;
    differences.push({ what: "ending", text: `${text(before)} -> ${text(after)}` });
  }
  const left = [...after.outputs];
  for (const old of before.outputs) {
    const index = partnerOf(old, left);
    const [fresh] = index === -1 ? [] : left.splice(index, 1);
    if (fresh === undefined)
      differences.push({ what: "output", text: `no longer to ${old.to}: ${old.name} (${old.size} bytes)` });
    else differences.push(...compareOutputs(old, fresh, before.title, after.title));
  }
  for (const fresh of left)
    differences.push({ what: "output", text: `new to ${fresh.to}: ${fresh.name} (${fresh.size} bytes)` });
  return differences;
}

function partnerOf(old: Output, among: readonly Output[]): number {
  const same = among.findIndex(({ to, name, sha256, size }) => {
    return to === old.to && (old.sha256 === undefined ? size === old.size : name === old.name && sha256 === old.sha256);
  });
  return same === -1
    ? among.findIndex(({ to, name }) => to === old.to && (old.name === "" || name === old.name))
    : same;
}

function compareOutputs(old: Output, fresh: Output, ...titles: readonly [string, string]): readonly Difference[] {
  const differences: Difference[] = [];
  const known = old.sha256 !== undefined && fresh.sha256 !== undefined;
  if (known ? old.sha256 !== fresh.sha256 : old.size !== fresh.size) {
    const head = `${fresh.to} ${fresh.name}: ${old.size} -> ${fresh.size} bytes`;
    differences.push({ what: "content", text: [head, ...patchOf(old, fresh, titles)].join("\n") });
  }
  const names = [...new Set([...Object.keys(old.tags ?? {}), ...Object.keys(fresh.tags ?? {})])].sort();
  for (const name of old.tags === undefined ? [] : names) {
    const [was, is] = [old.tags?.[name], fresh.tags?.[name]];
    if (was === is || VOLATILE.test(name)) continue;
    differences.push({ what: "tags", text: `${fresh.to} ${fresh.name}: ${name}: ${was ?? "none"} -> ${is ?? "none"}` });
  }
  return differences;
}

function patchOf(old: Output, fresh: Output, [before, after]: readonly [string, string]): readonly string[] {
  const [was, is] = [textOf(old), textOf(fresh)];
  if (was === undefined || is === undefined) return [];
  const patch = createTwoFilesPatch(before, after, was, is, undefined, undefined, { context: 2 });
  return patch.split("\n").slice(1, -1);
}

/** undefined: it is no text, or too long to show. */
function textOf({ path, size }: Output): string | undefined {
  if (path === undefined || size > TEXT_MAX) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(systemPath(path)));
  } catch {
    return undefined;
  }
}

function outputOf({ to, path, size, tags }: TrialOutput): Output {
  const sha256 = createHash("sha256")
    .update(readFileSync(systemPath(path)))
    .digest("hex");
  const name = tags.get(TAG.basename) ?? basename(path);
  return { to, name, size, sha256, path, tags: Object.fromEntries(tags) };
}
