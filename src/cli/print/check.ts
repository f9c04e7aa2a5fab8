import type { Check } from "../../system/lifecycle/status.ts";
import type { Context } from "../command.ts";

const COLORS = { OK: "\u001b[32m", WARNING: "\u001b[33m", ERROR: "\u001b[31m" } as const;

/** `- Checking nginx... [ OK ]`, the line operators and their scripts know; what is wrong follows, indented. */
export function checkLine(context: Context, check: Check): string {
  const mark = context.color ? `${COLORS[check.state]}[ ${check.state} ]\u001b[0m` : `[ ${check.state} ]`;
  const lines = [`${`- Checking ${check.name}...`.padEnd(59)} ${mark}`];
  if (check.message !== undefined) lines.push(`    ${check.message}`);
  if (check.fix !== undefined) lines.push(`    help: ${check.fix}`);
  return lines.join("\n");
}
