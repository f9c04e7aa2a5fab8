import type { LoggedRequest } from "./requests.ts";

/** How quick one worker of an app was. */
export interface WorkerFigures {
  readonly plugin: string;
  readonly app: string;
  readonly worker: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A worker that is slower than the others of its app, which do the same work. */
export interface SlowWorker {
  readonly own: WorkerFigures;
  readonly others: Pick<WorkerFigures, "p50Ms" | "p99Ms">;
}

/** Fewer requests say nothing of a worker. */
const ENOUGH = 20;
/** A worker is slow whose usual request takes so many times what it takes the others, and so much longer. */
const SLOW_TIMES = 3;
const SLOW_MS = 20;

/** Adds up requests by the worker that answered them. */
export function workerFigures(requests: readonly LoggedRequest[]): readonly WorkerFigures[] {
  const answered = requests.filter(({ worker }) => worker !== undefined);
  const groups = Map.groupBy(answered, ({ plugin, app, worker }) => `${plugin} ${app} ${worker}`);
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first?.worker === undefined) return [];
    const { plugin, app, worker } = first;
    const times = own.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
    return [{ plugin, app, worker, requests: own.length, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }];
  });
}

/** Those that are slow beside the others of their app. One alone has nobody to be compared with. */
export function slowWorkers(figures: readonly WorkerFigures[]): readonly SlowWorker[] {
  const known = figures.filter(({ requests }) => requests >= ENOUGH);
  return known.flatMap((own) => {
    const siblings = known.filter((one) => one !== own && one.plugin === own.plugin && one.app === own.app);
    if (siblings.length === 0) return [];
    const middle = (of: "p50Ms" | "p99Ms"): number =>
      quantile(
        siblings.map((one) => one[of]).sort((a, b) => a - b),
        0.5,
      );
    const others = { p50Ms: middle("p50Ms"), p99Ms: middle("p99Ms") };
    const isSlow = own.p50Ms >= others.p50Ms * SLOW_TIMES && own.p50Ms >= others.p50Ms + SLOW_MS;
    return isSlow ? [{ own, others }] : [];
  });
}

/** Of numbers in ascending order. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
