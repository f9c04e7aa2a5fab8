import { daemonEnvironment } from "../environments.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { coreLimit } from "./limits.ts";
import { ownLog } from "./logs.ts";

const TIERS = {
  redis: 10,
  flow: 30,
  uploads: 38,
  upstreams: 39,
  nginx: 40,
  ftp: 41,
  sftp: 41,
  telegraf: 45,
  telegraf_collector_metwork_module: 46,
  conf_monitor: 50,
} as const;

/** These daemons wait most of the time: a small young generation keeps them at half the memory. */
export const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"] as const;

/**
 * Of the pipeline's daemon: what many files in work need stays young, and one thread looks through it sooner than four that wait for
 * a processor. It takes the memory only while many files come. What outlives it is collected when it has doubled: V8 lets it become
 * four times as much, which in a burst of 200,000 files is 60 MB.
 */
export const PIPELINE_FLAGS = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=4",
  "--no-parallel-scavenge",
  "--heap-growing-percent=100",
] as const;

/**
 * Of the pipeline's daemon. Its dozen threads would have a heap of glibc's each, which give back little of what files took once;
 * two take 18 MB less and no more processor time.
 */
export const PIPELINE_ENV = { UV_THREADPOOL_SIZE: "8", MALLOC_ARENA_MAX: "2" } as const;

/** What the module's own services have in common. */
export function ownService(id: keyof typeof TIERS, input: PlanInput) {
  return {
    id,
    cwd: input.paths.runtime,
    environments: [],
    env: daemonEnvironment(input),
    instances: 1,
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: 10_000 },
    maxAgeS: 0,
    limits: coreLimit(input),
    log: ownLog(id, layoutOf(input.paths)),
    reads: [],
    onChange: "restart",
    tier: TIERS[id],
    because: [],
  } as const;
}
