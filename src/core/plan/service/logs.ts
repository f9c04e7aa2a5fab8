import { flagOf } from "../../config/access.ts";
import type { RuntimeLayout } from "../../module/paths.ts";
import { baseName, type RunningPart } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import type { ServiceSpec } from "../types.ts";

/** The log files of a plugin's part: one, or one per stream, per worker when asked for. */
export function partLog(running: RunningPart, input: PlanInput, layout: RuntimeLayout): ServiceSpec["log"] {
  const { part } = running;
  const splitOutputs = part.splitOutputs ?? flagOf(input.config, "log.try_to_split_stdout_stderr");
  const splitWorkers = part.splitWorkers ?? flagOf(input.config, "log.try_to_split_multiple_workers");
  const worker = splitWorkers && part.instances > 1 ? "_worker{instance}" : "";
  const base = `${layout.log}/${baseName(running)}${worker}`;
  return splitOutputs ? { stdout: `${base}.stdout`, stderr: `${base}.stderr` } : { stdout: `${base}.log` };
}

/** The log file of one of the module's own services. */
export function ownLog(name: string, layout: RuntimeLayout): ServiceSpec["log"] {
  return { stdout: `${layout.log}/${name}.log` };
}
