import type { Context } from "../command.ts";

const COLORS = { OK: "\u001b[32m", WARNING: "\u001b[33m", ERROR: "\u001b[31m" } as const;

/** Says how one piece of work ended: `- Installing plugin foo...      [ OK ]`. */
export function reportTask(context: Context, title: string, state: keyof typeof COLORS): void {
  const mark = context.color ? `${COLORS[state]}[ ${state} ]\u001b[0m` : `[ ${state} ]`;
  context.err(`${`- ${title}...`.padEnd(59)} ${mark}`);
}
