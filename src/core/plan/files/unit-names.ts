import type { ModuleName } from "../../module/paths.ts";
import type { ServiceSpec } from "../types.ts";

/** A service's unit without its suffix: parts of plugins are template units, whose instances are its workers. */
export function unitOf({ id, plugin }: Pick<ServiceSpec, "id" | "plugin">, module: ModuleName): string {
  return `metwork-${module}-${id}${plugin === undefined ? "" : "@"}`;
}

/** conf_monitor has none: it changes what the supervisor runs, ends where there is none, and would be started for ever. */
export function hasUnit({ id }: Pick<ServiceSpec, "id">): boolean {
  return id !== "conf_monitor";
}

/** The units of a service's processes by the number of each, from 1. */
export function processUnits(spec: Pick<ServiceSpec, "id" | "plugin" | "instances">, module: ModuleName): string[] {
  const unit = unitOf(spec, module);
  if (spec.plugin === undefined) return [`${unit}.service`];
  return Array.from({ length: spec.instances }, (_, index) => `${unit}${index + 1}.service`);
}
