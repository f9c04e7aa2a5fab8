import { flagOf } from "../../config/access.ts";
import { type FlowConfig, type LogPaths, stepKey } from "../../flow/types.ts";
import { logPolicy } from "../../module/log-policy.ts";
import type { RuntimeLayout } from "../../module/paths.ts";
import { baseName, type RunningPart } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import type { ServiceSpec } from "../types.ts";

/** The log files of a plugin's part: one, or one per stream, per worker when asked for. */
export function partLog(running: RunningPart, input: PlanInput, layout: RuntimeLayout): ServiceSpec["log"] {
  const { part } = running;
  const splitWorkers = part.splitWorkers ?? flagOf(input.config, "log.try_to_split_multiple_workers");
  return logOf(running, splitWorkers && part.instances > 1 ? "_worker{instance}" : "", input, layout);
}

/** The pipeline, told where each step's lines go, and its own: beside those of programs, under the names of the predecessor. */
export function withLogs(flow: FlowConfig, running: readonly RunningPart[], input: PlanInput): FlowConfig {
  const layout = layoutOf(input.paths);
  const logs = new Map(
    running
      .filter(({ part }) => part.kind === "step")
      .map(
        (one) => [stepKey({ plugin: one.plugin.name, step: one.part.name }), logOf(one, "", input, layout)] as const,
      ),
  );
  const steps = flow.steps.map((step) => {
    const log = logs.get(stepKey(step));
    return log === undefined ? step : { ...step, log };
  });
  return { ...flow, steps, log: { ...flow.log, directory: layout.log, policy: logPolicy(input.config) } };
}

function logOf(running: RunningPart, worker: string, input: PlanInput, layout: RuntimeLayout): LogPaths {
  const splitOutputs = running.part.splitOutputs ?? flagOf(input.config, "log.try_to_split_stdout_stderr");
  const base = `${layout.log}/${baseName(running)}${worker}`;
  return splitOutputs ? { stdout: `${base}.stdout`, stderr: `${base}.stderr` } : { stdout: `${base}.log` };
}

/** The log file of one of the module's own services. */
export function ownLog(name: string, layout: RuntimeLayout): ServiceSpec["log"] {
  return { stdout: `${layout.log}/${name}.log` };
}
