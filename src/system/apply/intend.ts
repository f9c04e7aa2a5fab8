import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Result } from "../../core/base/result.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { plan } from "../../core/plan/plan.ts";
import type { Plan } from "../../core/plan/types.ts";
import type { Quarantine } from "./quarantine.ts";

/** Plans what the quarantine lets through; a plugin of which something cannot be planned goes into it. */
export function intend(
  input: PlanInput,
  quarantine: Quarantine,
): { readonly chosen: PlanInput; readonly planned: Result<Plan> } {
  for (;;) {
    const chosen = { ...input, plugins: quarantine.plugins(), frozen: quarantine.frozen() };
    const planned = plan(chosen);
    const unplanned = errorsByPlugin(planned.notes);
    if (unplanned.size === 0) return { chosen, planned };
    for (const [name, reasons] of unplanned) quarantine.setAside(name, reasons);
  }
}

function errorsByPlugin(notes: readonly Diagnostic[]): ReadonlyMap<string, readonly Diagnostic[]> {
  const errors = notes.filter(({ severity }) => severity === "error");
  const named = new Set(errors.flatMap(({ plugin }) => plugin ?? []));
  return new Map([...named].map((name) => [name, errors.filter(({ plugin }) => plugin === name)]));
}
