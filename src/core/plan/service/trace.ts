import { flagOf, numberOf } from "../../config/access.ts";
import type { FlowConfig } from "../../flow/types.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { NODE_FLAGS } from "./own.ts";

const DAY_S = 86_400;
const MEGABYTE = 1024 * 1024;

/** The process that keeps what happened to each file; undefined where nobody wants it kept. */
export function planTrace({ config, paths, programs }: PlanInput): FlowConfig["trace"] {
  if (!flagOf(config, "trace.flag")) return undefined;
  return {
    argv: [programs.node, ...NODE_FLAGS, `${paths.root}/src/main/trace.ts`],
    settings: {
      directory: layoutOf(paths).trace,
      maxAgeS: Math.round(numberOf(config, "trace.max_age") * DAY_S),
      maxBytes: numberOf(config, "trace.max_size") * MEGABYTE,
      digest: flagOf(config, "trace.digest"),
    },
  };
}
