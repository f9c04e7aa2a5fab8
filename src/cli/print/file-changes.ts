import { createTwoFilesPatch } from "diff";
import { servedId } from "../../core/plan/manifest.ts";
import type { Manifest } from "../../core/plan/types.ts";
import type { Context } from "../command.ts";

/** Above this many changed lines a file's diff is only counted: nobody reads more, and it takes seconds to compute. */
const LONGEST_DIFF = 5_000;

/** One side of a comparison: what it consists of, and the texts of its files. */
export interface Side {
  readonly title: string;
  readonly manifest: Manifest | undefined;
  readonly textOf: (path: string) => string | undefined;
}

export interface FileChange {
  readonly path: string;
  readonly change: "created" | "changed" | "removed";
  readonly patch: string;
}

/** The files that differ between two generated trees, by path, each with its unified diff. */
export function fileChanges(before: Side, after: Side): readonly FileChange[] {
  const old = before.manifest?.files ?? {};
  const next = after.manifest?.files ?? {};
  const paths = new Set([...Object.keys(old), ...Object.keys(next)]);
  return [...paths].sort().flatMap((path) => {
    if (old[path] === next[path]) return [];
    const was = old[path] === undefined ? undefined : before.textOf(path);
    const is = next[path] === undefined ? undefined : after.textOf(path);
    const change = was === undefined ? "created" : is === undefined ? "removed" : "changed";
    const texts = [withoutId(was, before.manifest), withoutId(is, after.manifest)] as const;
    return [{ path, change, patch: patchOf(path, texts, [before.title, after.title]) } as const];
  });
}

/** The diffs, in colours when the reader sees them. */
export function printFileChanges(context: Context, files: readonly FileChange[]): void {
  for (const { patch } of files) context.out(context.color ? colored(patch) : patch);
}

function patchOf(
  path: string,
  [before, after]: readonly [string | undefined, string | undefined],
  titles: readonly [string, string],
): string {
  if (before === undefined || after === undefined) {
    const lines = (after ?? before ?? "").split("\n").length - 1;
    return `${before === undefined ? "+++ new file" : "--- removed"} ${path} (${lines} lines)`;
  }
  if (before === after) return `    ${path} (only the id nginx serves)`;
  if (before.length + after.length > LONGEST_DIFF * 80) {
    return `*** ${path} (${before.split("\n").length} → ${after.split("\n").length} lines)`;
  }
  return createTwoFilesPatch(path, path, before, after, ...titles, { context: 2 }).trimEnd();
}

/** The id nginx serves changes with every file it reads: it would hide what matters. */
function withoutId(text: string | undefined, manifest: Manifest | undefined): string | undefined {
  return manifest === undefined ? text : text?.replaceAll(servedId(manifest), "SERVED_ID");
}

function colored(patch: string): string {
  return patch.split("\n").map(coloredLine).join("\n");
}

function coloredLine(line: string): string {
  if (/^(\+\+\+|---|\*\*\*) /.test(line)) return `\u001b[1m${line}\u001b[0m`;
  const color = { "+": "\u001b[32m", "-": "\u001b[31m", "@": "\u001b[36m" }[line[0] ?? ""];
  return color === undefined ? line : `${color}${line}\u001b[0m`;
}
