import { flagOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";
import { type Piece, piece } from "../piece.ts";
import { NODE_FLAGS, ownService } from "./own.ts";

/** The daemon that applies changes by itself, unless `[autorestart] flag` is 0. */
export function planMonitor(input: PlanInput): Piece {
  const { paths, programs } = input;
  if (!flagOf(input.config, "autorestart.flag")) return piece({});
  const argv = [
    programs.node,
    ...NODE_FLAGS,
    "--expose-gc",
    `${paths.root}/src/main/conf_monitor.ts`,
    paths.module,
  ] as const;
  return piece({ services: [{ ...ownService("conf_monitor", input), argv }] });
}
