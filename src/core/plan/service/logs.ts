import { flagOf } from "../../config/access.ts";
import { type FlowConfig, type LogCopies, type LogPaths, levelNamed, stepKey } from "../../flow/types.ts";
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

/**
 * The pipeline, told where the lines of built-in steps go, and its own: under the names of the predecessor. Steps of their
 * own program have that file for what they say themselves.
 */
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
    const log = step.work.do === "external" ? undefined : logs.get(stepKey(step));
    return log === undefined ? step : { ...step, log };
  });
  const copies = copiesOf(input.config.env);
  const log = { ...flow.log, directory: layout.log, policy: logPolicy(input.config), ...(copies && { copies }) };
  return { ...flow, steps, log };
}

/** As the loggers of plugins read it from the same variables (core/module/env.ts). */
function copiesOf(env: Readonly<Record<string, string>>): LogCopies | undefined {
  const said = (name: string): string | undefined => (env[name] === "null" ? undefined : env[name] || undefined);
  const path = said("MFLOG_JSON_FILE");
  const port = said("MFLOG_SYSLOG_ADDRESS")?.split(":").at(-1);
  if (path === undefined && port === undefined) return undefined;
  const mode = Number.parseInt(env["LOGPROXY_CHMOD"] ?? "", 8) || 0o640;
  return {
    ...(path !== undefined && { file: { path, mode, level: levelNamed(env["MFLOG_JSON_MINIMAL_LEVEL"], "WARNING") } }),
    ...(port !== undefined && {
      server: { port: Number(port), level: levelNamed(env["MFLOG_SYSLOG_MINIMAL_LEVEL"], "WARNING") },
    }),
  };
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
