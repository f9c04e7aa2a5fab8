import { numberOf } from "../../core/config/access.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { gatherHost } from "../host/host.ts";
import { loadConfig } from "../load/config.ts";

/** For how long a load balancer in front of the module needs to be told before something changes, milliseconds. */
export function balancerDelayMs(config: ModuleConfig, change: "start" | "stop"): number {
  const name = `nginx.smart_${change}_delay`;
  return config.values.has(name) ? numberOf(config, name) * 1000 : 0;
}

/** The same before a stop; none when the configuration cannot be read. */
export async function stopDelayMs(paths: ModulePaths): Promise<number> {
  const loaded = await loadConfig(paths, gatherHost());
  return loaded.ok ? balancerDelayMs(loaded.value, "stop") : 0;
}
