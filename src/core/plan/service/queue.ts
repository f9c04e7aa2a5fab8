import { numberOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import { redisWord } from "../quote/texts.ts";
import { renderer } from "../render.ts";
import { ownService } from "./own.ts";

/** Redis or Valkey: the pipeline's queue of hints. */
export function planQueue(input: PlanInput): Piece {
  const { config, programs } = input;
  const layout = layoutOf(input.paths);
  if (programs.redis === undefined) {
    return piece({
      notes: [
        {
          code: "MF4020",
          severity: "error",
          message: "neither redis-server nor valkey-server is installed",
          fix: "run `make setup`",
        },
      ],
    });
  }
  const text = renderer(input.templates, redisWord)("mfdata/redis.conf.hbs", {
    port: numberOf(config, "redis.port"),
    socket: layout.redisSocket,
    directory: layout.var,
    maxMemoryMb: numberOf(config, "redis.max_memory"),
    hardLimitMb: numberOf(config, "redis.pubsubclient_output_buffer_hard_limit"),
    softLimitMb: numberOf(config, "redis.pubsubclient_output_buffer_soft_limit"),
  });
  const service = {
    ...ownService("redis", input),
    argv: [programs.redis, `${layout.configAuto}/redis.conf`] as const,
    ready: { when: "socket", path: layout.redisSocket, timeoutMs: 20_000 } as const,
    stop: { signal: "SIGTERM", graceMs: 30_000 } as const,
    reads: ["redis.conf"],
  };
  return piece({ services: [service], files: [["redis.conf", { text, mode: 0o600 }]] });
}
