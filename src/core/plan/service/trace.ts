import { flagOf, numberOf, textOf } from "../../config/access.ts";
import type { FlowConfig } from "../../flow/types.ts";
import type { Plugin } from "../../plugin/types.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { NODE_FLAGS } from "./own.ts";

const DAY_S = 86_400;
/** What waits at a start is listed and taken in at once; whoever expects is told within ten seconds. */
const SETTLE_MS = 6000;
const MEGABYTE = 1024 * 1024;

/** The process that keeps what happened to each file and watches what should arrive; undefined where nobody wants it. */
export function planTrace({ config, paths, programs }: PlanInput, plugins: readonly Plugin[]): FlowConfig["trace"] {
  const specs = plugins.flatMap(({ expectations }) => expectations);
  const keep = flagOf(config, "trace.flag");
  if (!keep && specs.length === 0) return undefined;
  return {
    argv: [programs.node, ...NODE_FLAGS, `${paths.root}/src/main/trace.ts`],
    settings: {
      keep,
      directory: layoutOf(paths).trace,
      maxAgeS: Math.round(numberOf(config, "trace.max_age") * DAY_S),
      maxBytes: numberOf(config, "trace.max_size") * MEGABYTE,
      digest: flagOf(config, "trace.digest"),
      ...(flagOf(config, "trace.digest_removed") && { removed: `${textOf(config, "data_in.dir")}/tmp/digest` }),
      ...(specs.length > 0 && { expect: { specs, state: layoutOf(paths).expect, settleMs: SETTLE_MS } }),
    },
  };
}
