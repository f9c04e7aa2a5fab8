import type { Action } from "../../core/plan/types.ts";
import type { Context } from "../command.ts";

/** What an action costs who is being served: nothing, one worker at a time, or a moment without any. */
const COSTS = {
  start: "none",
  scale: "none",
  swap: "swap",
  restart: "restart",
  reload: "reload",
  stop: "stop",
} as const satisfies Record<Action["do"], string>;

const COLORS: Readonly<Record<Action["do"], string>> = {
  start: "\u001b[32m",
  scale: "\u001b[32m",
  swap: "\u001b[36m",
  reload: "\u001b[36m",
  restart: "\u001b[33m",
  stop: "\u001b[31m",
};

/** An action with what it costs. */
export function withCost(action: Action): Action & { readonly cost: string } {
  return { ...action, cost: COSTS[action.do] };
}

/** One action as a line: what, to which service, at what cost, because of what. */
export function impactLine(context: Context, action: Action): string {
  const verb = action.do.padEnd(8);
  const shown = context.color ? `${COLORS[action.do]}${verb}\u001b[0m` : verb;
  return `${shown} ${action.service}  (cost: ${COSTS[action.do]}; because: ${action.because.join(", ")})`;
}
