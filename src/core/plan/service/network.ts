import { networkProgram } from "../../flow/network/programs.ts";
import type { RunningPart } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import type { ServiceSpec } from "../types.ts";
import { NODE_FLAGS } from "./own.ts";

/** What differs for a part that is one of our own network programs, which the appliance's node runs. */
export function networkService(
  { part, argv }: RunningPart,
  { paths, programs }: PlanInput,
): Pick<ServiceSpec, "argv" | "limits"> & { readonly env: ServiceSpec["env"] } {
  const program = networkProgram(argv, part.kind);
  if (program === undefined) return { argv, limits: part.limits, env: {} };
  // V8 reserves far more addresses than it ever uses.
  const { addressSpace: _, ...limits } = part.limits;
  return {
    argv: [programs.node, ...NODE_FLAGS, `${paths.root}/src/main/network.ts`, program.name, "{instance}"],
    limits,
    env: { NODE_COMPILE_CACHE: `${paths.runtime}/var/compile_cache` },
  };
}
