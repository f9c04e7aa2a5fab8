import { readFileSync } from "node:fs";
import { type Diagnostic, format } from "../../core/base/diagnostic.ts";
import type { Context } from "../command.ts";

/** Shows diagnostics with the lines they point at, errors first, and how many there are. */
export function printDiagnostics(context: Context, notes: readonly Diagnostic[]): void {
  if (notes.length === 0) return;
  const rank = (note: Diagnostic): number => (note.severity === "error" ? 0 : 1);
  for (const note of [...notes].sort((a, b) => rank(a) - rank(b))) {
    context.err(colored(context, note, format(note, sourceLine(note))));
  }
  const errors = notes.filter((note) => note.severity === "error").length;
  const warnings = notes.length - errors;
  const counts = [errors > 0 ? plural(errors, "error") : "", warnings > 0 ? plural(warnings, "warning") : ""];
  context.err(counts.filter((text) => text !== "").join(", "));
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function sourceLine(note: Diagnostic): string | undefined {
  if (note.at === undefined) return undefined;
  try {
    return readFileSync(note.at.file, "utf8").split(/\r?\n/)[note.at.line - 1];
  } catch {
    return undefined;
  }
}

function colored(context: Context, note: Diagnostic, text: string): string {
  if (!context.color) return text;
  const color = note.severity === "error" ? "\u001b[31m" : "\u001b[33m";
  return text.replace(/^\w+\[MF\d+\]/, (head) => `${color}${head}\u001b[0m`);
}
