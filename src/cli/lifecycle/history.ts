import { runtimeLayout } from "../../core/module/paths.ts";
import { type HistoryEntry, type Names, readHistory } from "../../system/apply/history.ts";
import { storedGenerations } from "../../system/apply/stored.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { chosenModule } from "./modules.ts";

/** So many names are shown of one kind; `--json` has more. */
const SHOWN = 8;
const COLORS = { applied: "\u001b[32m", refused: "\u001b[33m", "rolled back": "\u001b[31m" } as const;

/** `metwork history`: what was applied, newest last, with who, why and what it did. */
export async function history(context: Context, given: Given): Promise<ExitCode> {
  const layout = runtimeLayout(context.paths(chosenModule(context, given)).runtime);
  const limit = Number(given.value("limit") ?? 20);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError("--limit wants a number from 1");
  const entries = (await readHistory(layout)).slice(-limit);
  if (context.json) {
    context.out(JSON.stringify(entries));
    return 0;
  }
  const stored = new Set(await storedGenerations(layout));
  for (const entry of entries) context.out(lines(context, entry, stored).join("\n"));
  if (entries.length === 0) context.err("nothing was applied yet");
  return 0;
}

function lines(context: Context, entry: HistoryEntry, stored: ReadonlySet<string>): string[] {
  const color = context.color ? COLORS[entry.did as keyof typeof COLORS] : undefined;
  const did = color === undefined ? entry.did : `${color}${entry.did}\u001b[0m`;
  const kept = entry.generation !== undefined && stored.has(entry.generation) ? "" : " (no longer stored)";
  const when = entry.at.replace("T", " ").replace(/\.\d+Z$/, "Z");
  const head = `${when}  ${did}  ${entry.generation ?? "no generation"}${kept}  ${entry.tookMs} ms  ${entry.by.user}: ${entry.by.command}`;
  const { created, changed, removed } = entry.files;
  const files = [said(created, "created"), said(changed, "changed"), said(removed, "removed")].filter(
    (text) => text !== "",
  );
  const actions = entry.actions.slice(0, SHOWN).map(({ do: verb, service, because }) => {
    return `  ${verb} ${service}: ${because.join(", ")}`;
  });
  const more = entry.actions.length - actions.length + entry.moreActions;
  return [
    head,
    ...(entry.why === "" ? [] : [`  why: ${entry.why}`]),
    ...files.map((text) => `  ${text}`),
    ...actions,
    ...(more > 0 ? [`  and ${more} more services`] : []),
    ...(entry.leftOut.length > 0 ? [`  left out: ${entry.leftOut.join(", ")}`] : []),
    ...entry.errors.slice(0, SHOWN).map((text) => `  ${text}`),
  ];
}

function said({ names, more }: Names, what: string): string {
  const total = names.length + more;
  if (total === 0) return "";
  const hidden = total - Math.min(SHOWN, names.length);
  return `${total} ${total === 1 ? "file" : "files"} ${what}: ${names.slice(0, SHOWN).join(", ")}${hidden > 0 ? `, and ${hidden} more` : ""}`;
}
