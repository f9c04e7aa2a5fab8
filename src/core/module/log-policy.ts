import { numberOf, textOf } from "../config/access.ts";
import type { ModuleConfig } from "../config/types.ts";

/** How logs are rotated; the meaning of each is that of the predecessor's log_proxy. */
export interface LogPolicy {
  /** Bytes; 0: never by size. */
  readonly maxBytes: number;
  /** Seconds; 0: never by age. */
  readonly maxAgeS: number;
  /** Bytes; 0: without limit. What is more is dropped, so that neither the disk nor what was said before pays for a babbler. */
  readonly maxBytesPerMinute: number;
  /** How many rotated files stay beside the current one. */
  readonly keep: number;
  readonly mode: number;
}

/** How a module's logs are rotated, from `[log]`. */
export function logPolicy(config: ModuleConfig): LogPolicy {
  return {
    maxBytes: numberOf(config, "log.max_size_before_rotation"),
    maxAgeS: numberOf(config, "log.max_age_before_rotation"),
    maxBytesPerMinute: numberOf(config, "log.max_rate") * 1024 ** 2,
    keep: numberOf(config, "log.number_of_rotated_files"),
    mode: Number.parseInt(textOf(config, "log.chmod"), 8),
  };
}
