import { posix } from "node:path";
import { numberOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";
import type { ServiceSpec } from "../types.ts";

type Limits = ServiceSpec["limits"];

/** Programs that are V8: it reserves gigabytes of addresses before its first line of JavaScript. */
const RESERVING = new Set(["node", "nodejs", "npm", "npx"]);

/** `ulimit -c` as `[misc] core_size` says it in KiB: -1 leaves it alone. */
export function coreLimit(input: PlanInput): { core?: number } {
  const size = numberOf(input.config, "misc.core_size");
  return size < 0 ? {} : { core: size * 1024 };
}

/**
 * A limit of addresses for Node becomes one of memory, which is what its author meant: with the 1 GB that templates of the
 * predecessor wrote, Node does not even start. A limit of memory that is lower holds.
 */
export function limitsOfProgram(argv: readonly string[], limits: Limits): Limits {
  const { addressSpace, ...others } = limits;
  if (addressSpace === undefined || !RESERVING.has(posix.basename(argv[0] ?? ""))) return limits;
  return { ...others, memory: Math.min(addressSpace, others.memory ?? addressSpace) };
}
