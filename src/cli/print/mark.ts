import type { Context } from "../command.ts";

/** `UNKNOWN`: it could not be looked at. */
export type Mark = "OK" | "WARNING" | "ERROR" | "UNKNOWN";

const COLORS: Readonly<Record<Mark, string>> = {
  OK: "\u001b[32m",
  WARNING: "\u001b[33m",
  ERROR: "\u001b[31m",
  UNKNOWN: "\u001b[36m",
};

/** `- Checking nginx...      [ OK ]`: the line operators and their scripts know. */
export function marked(context: Context, title: string, mark: Mark): string {
  const shown = context.color ? `${COLORS[mark]}[ ${mark} ]\u001b[0m` : `[ ${mark} ]`;
  return `${`- ${title}...`.padEnd(59)} ${shown}`;
}
