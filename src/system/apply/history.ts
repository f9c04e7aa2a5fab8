import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import type { Action, Manifest } from "../../core/plan/types.ts";
import { writeFileAtomically } from "../../kit/fs.ts";
import { gatherHost } from "../host/host.ts";
import type { LastApply } from "./outcome.ts";

/** So many applies are remembered. */
const KEPT = 1_000;
/** The file is shortened when it has so many more, not at every apply. */
const SLACK = 100;
/** So many names of one kind are written down per apply; the first start of a thousand plugins has thousands. */
const NAMED = 100;

/** Names of what changed; `more` says how many are not named. */
export interface Names {
  readonly names: readonly string[];
  readonly more: number;
}

/** One apply that did or tried something, as a line of `var/history.ndjson`. */
export interface HistoryEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: { readonly user: string; readonly command: string };
  /** Why: the inputs that changed, or what the person said. */
  readonly why: string;
  readonly did: LastApply["did"];
  /** In force before and after. */
  readonly from: string | undefined;
  readonly generation: string | undefined;
  readonly rollback: boolean;
  readonly tookMs: number;
  readonly files: { readonly created: Names; readonly changed: Names; readonly removed: Names };
  readonly actions: readonly Action[];
  readonly moreActions: number;
  readonly leftOut: readonly string[];
  /** The errors, one line each. */
  readonly errors: readonly string[];
}

/** Adds an apply to the history: one write of one line, so that a kill tears at most the last one. */
export async function appendHistory(
  layout: RuntimeLayout,
  record: LastApply,
  change: { readonly before: Manifest | undefined; readonly after: Manifest | undefined; readonly rollback: boolean },
): Promise<void> {
  const file = historyFile(layout);
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text.split("\n");
  const entry = entryOf(record, change);
  if (isRetry(entry, parsed(lines.at(-2) ?? ""))) return;
  const line = `${JSON.stringify(entry)}\n`;
  if (lines.length <= KEPT + SLACK) {
    const torn = text !== "" && !text.endsWith("\n");
    await appendFile(file, torn ? `\n${line}` : line, { mode: 0o600 });
    return;
  }
  const last = lines.filter((one) => parsed(one) !== undefined).slice(1 - KEPT);
  await writeFileAtomically(file, `${last.join("\n")}\n${line}`, 0o600);
}

/** The applies that are remembered, oldest first; a line torn by a kill is not one. */
export async function readHistory(layout: RuntimeLayout): Promise<readonly HistoryEntry[]> {
  const text = await readFile(historyFile(layout), "utf8").catch(() => "");
  return text
    .split("\n")
    .flatMap((line) => parsed(line) ?? [])
    .slice(-KEPT);
}

/** The generation that was in force before the given one came by a change of the inputs. */
export function generationBefore(history: readonly HistoryEntry[], id: string): string | undefined {
  const arrived = history.findLast(({ did, generation, from, rollback }) => {
    return did === "applied" && generation === id && from !== id && !rollback;
  });
  if (arrived !== undefined) return arrived.from;
  // An apply that was killed has no entry: what the history speaks of last came before it.
  const latest = history.findLast(({ generation }) => generation !== undefined)?.generation;
  return latest === id ? undefined : latest;
}

function entryOf(
  record: LastApply,
  { before, after, rollback }: { before: Manifest | undefined; after: Manifest | undefined; rollback: boolean },
): HistoryEntry {
  const old = before?.files ?? {};
  const next = after?.files ?? {};
  const [command = "", ...why] = record.reason.split(": ");
  return {
    at: record.at,
    by: { user: userName(), command },
    why: why.join(": "),
    did: record.did,
    from: before?.id,
    generation: record.generation,
    rollback,
    tookMs: record.tookMs,
    files: {
      created: names(Object.keys(next).filter((path) => old[path] === undefined)),
      changed: names(Object.keys(next).filter((path) => old[path] !== undefined && old[path] !== next[path])),
      removed: names(Object.keys(old).filter((path) => next[path] === undefined)),
    },
    actions: record.actions.slice(0, NAMED),
    moreActions: Math.max(0, record.actions.length - NAMED),
    leftOut: record.leftOut,
    errors: record.notes.flatMap(({ severity, code, message, at }) => {
      if (severity !== "error") return [];
      return [`${code} ${at === undefined ? "" : `${at.file}:${at.line}: `}${message}`];
    }),
  };
}

/** Whether it failed just as the one before: a retry every minute must not push out what happened. */
function isRetry(entry: HistoryEntry, last: HistoryEntry | undefined): boolean {
  if (entry.did === "applied" || last === undefined) return false;
  const essence = ({ did, by, generation, errors, leftOut }: HistoryEntry): string =>
    JSON.stringify([did, by, generation, errors, leftOut]);
  return essence(entry) === essence(last);
}

function names(all: readonly string[]): Names {
  return { names: all.slice(0, NAMED), more: Math.max(0, all.length - NAMED) };
}

/** The account, and who became it with sudo. */
function userName(): string {
  const behind = process.env["SUDO_USER"];
  const own = gatherHost().user;
  return behind === undefined || behind === own ? own : `${own} (sudo: ${behind})`;
}

function parsed(line: string): HistoryEntry | undefined {
  if (line === "") return undefined;
  try {
    return JSON.parse(line) as HistoryEntry;
  } catch {
    return undefined;
  }
}

function historyFile(layout: RuntimeLayout): string {
  return join(layout.var, "history.ndjson");
}
