import { byText, sortedRecord } from "../base/order.ts";
import { failure, type Result, success } from "../base/result.ts";
import { logPolicy } from "../module/log-policy.ts";
import { admit } from "./admit.ts";
import { digestOf } from "./digest.ts";
import { planEnvironments } from "./environments.ts";
import { planMetrics } from "./files/metrics.ts";
import { planSchedule } from "./files/schedule.ts";
import { planUnits } from "./files/systemd.ts";
import type { FrozenService, PlanInput } from "./input.ts";
import { seal } from "./manifest.ts";
import { planUploads } from "./nginx/uploads.ts";
import { planWeb } from "./nginx/web.ts";
import { assemble } from "./piece.ts";
import { planDrops } from "./service/drops.ts";
import { planMonitor } from "./service/monitor.ts";
import { planParts } from "./service/parts.ts";
import { planPipeline } from "./service/pipeline.ts";
import { planQueue } from "./service/queue.ts";
import { runnable } from "./services.ts";
import { planSources } from "./sources.ts";
import type { Plan, PlannedDirectory, ServiceSpec } from "./types.ts";
import { vetPaths } from "./vet.ts";

/**
 * Everything that must be true of the machine for one module. A plugin that cannot be planned is left out, with an error
 * that names it; only an error about the module itself leaves nothing to do.
 */
export function plan(input: PlanInput): Result<Plan> {
  const unwritable = vetPaths(input);
  if (unwritable.length > 0) return failure(...unwritable);
  const { admitted, notes: refused } = admit(input);
  const environments = planEnvironments(input, admitted);
  const {
    services: asked,
    files,
    directories,
    notes,
    owners,
  } = assemble([
    planParts(input, admitted),
    ...(input.paths.module === "mfserv"
      ? [planWeb(input, admitted)]
      : [planQueue(input), planPipeline(input, admitted), planUploads(input, admitted), planDrops(input)]),
    planMonitor(input),
    planMetrics(input, admitted),
    planSchedule(input, admitted),
  ]);
  const all = [...refused, ...notes];
  if (all.some((note) => note.severity === "error" && note.plugin === undefined)) return failure(...all);
  const services = asked.map((spec) => {
    const frozen = input.frozen?.[spec.id];
    return frozen === undefined ? spec : unchanged(frozen, environments);
  });
  const units = planUnits(input, services, environments);
  const draft = {
    tree: new Map([...files, ...units].sort(([a], [b]) => byText(a, b))),
    directories: [...new Map(directories.map((one) => [one.path, one])).values()].sort(byPath),
    environments: sortedRecord(environments),
    services: sortedRecord(Object.fromEntries(services.map((spec) => [spec.id, spec]))),
    logs: logPolicy(input.config),
    sources: planSources(input, admitted),
    ...(owners === undefined ? {} : { owners }),
  };
  return success(seal(draft), all);
}

/** A running service as it is: under the names of its environments, if these still mean the same. */
function unchanged({ spec, env }: FrozenService, environments: Plan["environments"]): ServiceSpec {
  const same = digestOf(runnable({ environments }, spec).env) === digestOf(env);
  return same ? spec : { ...spec, environments: [], env };
}

function byPath(a: PlannedDirectory, b: PlannedDirectory): number {
  return byText(a.path, b.path);
}
