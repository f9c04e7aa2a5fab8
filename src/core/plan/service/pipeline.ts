import { directoryObserverIni, switchRulesInis } from "../../flow/compat.ts";
import { flowConfig } from "../../flow/config.ts";
import { type FlowConfig, stepKey } from "../../flow/types.ts";
import type { Admitted } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import type { PlannedDirectory, PlannedFile, ServiceSpec } from "../types.ts";
import { withLogs } from "./logs.ts";
import { ownService, PIPELINE_ENV, PIPELINE_FLAGS } from "./own.ts";
import { stepService } from "./parts.ts";
import { planRuleHelpers } from "./rule-helpers.ts";
import { planTrace } from "./trace.ts";

/** The file pipeline: observer, queue and built-in steps in one daemon, and the steps of their own programs. */
export function planPipeline(input: PlanInput, admitted: Admitted): Piece {
  const { paths, programs } = input;
  const layout = layoutOf(paths);
  const flow = flowOf(input, admitted);
  if (!flow.ok) return piece({ notes: flow.notes });
  const own = ownService("flow", input);
  const service = {
    ...own,
    argv: [
      programs.node,
      ...PIPELINE_FLAGS,
      `${paths.root}/src/main/flow.ts`,
      `${layout.configAuto}/flow.json`,
    ] as const,
    // It holds the directory for as long as it runs: another one takes a restart.
    env: { ...own.env, ...PIPELINE_ENV, MFDATA_DATA_IN_DIR: flow.value.dataIn },
    stop: { signal: "SIGTERM", graceMs: 30_000 } as const,
    reads: ["flow.json"],
    onChange: "reload" as const,
    because: admitted.plugins.filter((plugin) => plugin.parts.some(({ kind }) => kind === "step")).map(({ at }) => at),
  };
  return piece({
    services: [service, ...stepServices(flow.value, input, admitted)],
    files: [["flow.json", text(`${JSON.stringify(flow.value, null, 1)}\n`)], ...compatibleFiles(flow.value)],
    directories: directoriesOf(flow.value),
    notes: flow.notes,
  });
}

function stepServices(flow: FlowConfig, input: PlanInput, { running }: Admitted): ServiceSpec[] {
  const external = new Set(flow.steps.filter(({ work }) => work.do === "external").map(stepKey));
  return running.flatMap(({ plugin, part, argv }) =>
    part.kind === "step" && external.has(stepKey({ plugin: plugin.name, step: part.name }))
      ? [stepService({ plugin, part, argv }, input)]
      : [],
  );
}

/** What the pipeline is told; also says which directories uploads may go to. */
export function flowOf(input: PlanInput, { plugins, running }: Admitted) {
  const commands = new Map(running.map(({ part, argv }) => [part, argv]));
  const { config, paths } = input;
  const flow = flowConfig({ plugins, config, paths, argvOf: (step) => commands.get(step) });
  if (!flow.ok) return flow;
  const ruleHelpers = planRuleHelpers(flow.value, input, plugins);
  const trace = planTrace(input, plugins);
  const value = {
    ...withLogs(flow.value, running, input),
    ...(ruleHelpers.length > 0 && { ruleHelpers }),
    ...(trace !== undefined && { trace }),
  };
  return { ...flow, value };
}

function compatibleFiles(flow: FlowConfig): [string, PlannedFile][] {
  const rules = [...switchRulesInis(flow)];
  return [
    ["directory_observer.ini", text(directoryObserverIni(flow))],
    ...rules.map(([name, rule]): [string, PlannedFile] => [`plugin_${name}_rules.ini`, text(rule)]),
  ];
}

function directoriesOf(flow: FlowConfig): PlannedDirectory[] {
  const inside = ["", "/tmp", "/trash"].map((name) => ({ path: `${flow.dataIn}${name}`, mode: 0o750 }));
  return [
    ...inside,
    ...flow.watched.map(({ directory, external }) => ({ path: directory, mode: external ? 0o770 : 0o750 })),
  ];
}

function text(content: string): PlannedFile {
  return { text: content, mode: 0o640 };
}
