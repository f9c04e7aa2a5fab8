import type { Context } from "../command.ts";

export type Mark = "OK" | "WARNING" | "ERROR";

const COLORS: Readonly<Record<Mark, string>> = { OK: "\u001b[32m", WARNING: "\u001b[33m", ERROR: "\u001b[31m" };

/** `- Checking nginx...      [ OK ]`: the line operators and their scripts know. */
export function marked(context: Context, title: string, mark: Mark): string {
  const shown = context.color ? `${COLORS[mark]}[ ${mark} ]\u001b[0m` : `[ ${mark} ]`;
  return `${`- ${title}...`.padEnd(59)} ${shown}`;
}
