import type { Check } from "../../system/lifecycle/check.ts";
import type { Context } from "../command.ts";
import { type Mark, marked } from "./mark.ts";

/** One check as a line; what is wrong, and what to do about it, follow indented. */
export function checkLine(context: Context, check: Omit<Check, "state"> & { readonly state: Mark }): string {
  const lines = [marked(context, `Checking ${check.name}`, check.state)];
  if (check.message !== undefined) lines.push(`    ${check.message}`);
  if (check.fix !== undefined) lines.push(`    help: ${check.fix}`);
  return lines.join("\n");
}
