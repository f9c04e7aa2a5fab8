import type { Context } from "../command.ts";
import { type Mark, marked } from "./mark.ts";

/** Says how one piece of work ended: `- Installing plugin foo...      [ OK ]`. */
export function reportTask(context: Context, title: string, mark: Mark): void {
  context.err(marked(context, title, mark));
}
