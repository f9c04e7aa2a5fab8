import type { LoggedRequest } from "./requests.ts";

/** How quick one worker of an app was. */
export interface WorkerFigures {
  readonly plugin: string;
  readonly app: string;
  readonly worker: number;
  readonly requests: number;
  readonly p25Ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A worker that is slower than the others of its app, which do the same work. */
export interface SlowWorker {
  readonly own: WorkerFigures;
  readonly others: Pick<WorkerFigures, "p25Ms" | "p50Ms" | "p99Ms">;
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
    const [p25Ms, p50Ms, p99Ms] = [quantile(times, 0.25), quantile(times, 0.5), quantile(times, 0.99)];
    return [{ plugin, app, worker, requests: own.length, p25Ms, p50Ms, p99Ms }];
  });
}

/**
 * Those that are slow beside the others of their app. One alone has nobody to be compared with. `enough`: so many requests of
 * its own are needed to say so of a worker; the slower it is, the fewer it gets.
 */
export function slowWorkers(figures: readonly WorkerFigures[], enough = ENOUGH): readonly SlowWorker[] {
  const known = figures.filter(({ requests }) => requests >= ENOUGH);
  return figures.flatMap((own) => {
    if (own.requests < enough) return [];
    const siblings = known.filter((one) => one !== own && one.plugin === own.plugin && one.app === own.app);
    if (siblings.length === 0) return [];
    const middle = (of: "p25Ms" | "p50Ms" | "p99Ms"): number => median(siblings.map((one) => one[of]));
    const others = { p25Ms: middle("p25Ms"), p50Ms: middle("p50Ms"), p99Ms: middle("p99Ms") };
    return isMuchSlower(own.p50Ms, others.p50Ms) ? [{ own, others }] : [];
  });
}

/** Whether one time is so much longer than another that nobody takes it for chance, in milliseconds. */
export function isMuchSlower(ms: number, usual: number): boolean {
  return ms >= usual * SLOW_TIMES && ms >= usual + SLOW_MS;
}

/** How long the usual request took that a worker answered, in milliseconds. undefined: there were too few. */
export function usualMs(requests: readonly LoggedRequest[]): number | undefined {
  const times = requests.filter(({ worker }) => worker !== undefined).map(({ durationMs }) => durationMs);
  return times.length < ENOUGH ? undefined : median(times);
}

/** The middle one of some numbers; 0 of none. */
export function median(numbers: readonly number[]): number {
  return quantile(
    numbers.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Of numbers in ascending order. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
