import type { Plan, ServiceSpec } from "./types.ts";

/** A spec with its whole environment merged: all a supervisor needs to run it. */
export interface RunnableService extends Omit<ServiceSpec, "environments" | "because"> {
  /** Complete: the supervisor adds only what names the instance and its socket. */
  readonly env: Readonly<Record<string, string>>;
}

/** Merges the environments a service names, in order, and its own values last. */
export function runnable(plan: Pick<Plan, "environments">, spec: ServiceSpec): RunnableService {
  const { environments, because: _, ...rest } = spec;
  const env = Object.assign({}, ...environments.map((name) => plan.environments[name] ?? {}), spec.env);
  return { ...rest, env };
}
