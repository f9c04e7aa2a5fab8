import { numberOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";

/** `ulimit -c` as `[misc] core_size` says it in KiB: -1 leaves it alone. */
export function coreLimit(input: PlanInput): { core?: number } {
  const size = numberOf(input.config, "misc.core_size");
  return size < 0 ? {} : { core: size * 1024 };
}
