import { numberOf, textOf } from "../../core/config/access.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import type { LogPolicy } from "../supervise/log-file.ts";

/** How the supervisor rotates the logs it writes, from `[log]`. */
export function logPolicy(config: ModuleConfig): LogPolicy {
  return {
    maxBytes: numberOf(config, "log.max_size_before_rotation"),
    maxAgeS: numberOf(config, "log.max_age_before_rotation"),
    maxBytesPerMinute: numberOf(config, "log.max_rate") * 1024 ** 2,
    keep: numberOf(config, "log.number_of_rotated_files"),
    mode: Number.parseInt(textOf(config, "log.chmod"), 8),
  };
}
