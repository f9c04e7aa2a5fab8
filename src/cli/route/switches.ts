import type { FlowConfig, StepWork } from "../../core/flow/types.ts";
import { admit } from "../../core/plan/admit.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { flowOf } from "../../core/plan/service/pipeline.ts";
import { loadPlanInput } from "../../system/load/plan-input.ts";
import type { Context } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

export type SwitchWork = Extract<StepWork, { readonly do: "switch" }>;

/** The pipeline as the installed plugins ask for it. */
export interface PlannedFlow {
  readonly flow: FlowConfig;
  readonly input: PlanInput;
}

/** Undefined, and said why, when mfdata's configuration is wrong. */
export async function plannedFlow(context: Context): Promise<PlannedFlow | undefined> {
  const loaded = await loadPlanInput(context.paths("mfdata"));
  if (loaded.ok) {
    // A plugin that is left out has no rules; nobody should wonder where they are.
    printDiagnostics(context, loaded.notes);
    const flow = flowOf(loaded.value.input, admit(loaded.value.input).admitted);
    if (flow.ok) return { flow: flow.value, input: loaded.value.input };
    printDiagnostics(context, flow.notes);
  } else printDiagnostics(context, loaded.notes);
  return undefined;
}

/** What the switch of that name does. Undefined, and said why, when there is none. */
export function switchNamed(context: Context, flow: FlowConfig, name: string): SwitchWork | undefined {
  for (const { plugin, work } of flow.steps) if (plugin === name && work.do === "switch") return work;
  const known = flow.steps.filter(({ work }) => work.do === "switch").map(({ plugin }) => plugin);
  context.err(`error[MF8070]: no plugin \`${name}\` is a switch`);
  context.err(`  = help: there ${known.length === 0 ? "are none" : `is ${known.join(", ")}`}; see plugins.list`);
  return undefined;
}
