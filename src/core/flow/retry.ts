import type { RetrySpec } from "./types.ts";

/** Seconds before the n-th try again, from 1: min + backoff × 2^(n-1), at most max. */
export function retryDelayS({ minWaitS, maxWaitS, backoff }: RetrySpec, n: number): number {
  return Math.min(minWaitS + backoff * 2 ** (n - 1), maxWaitS);
}

const DUE = /^due(?<ms>\d+)\./;

/** The name of a file that is to be tried again at that time (milliseconds since the epoch). */
export function dueName(atMs: number, unique: string): string {
  return `due${atMs}.${unique}`;
}

/** The rest of the name: the same each time, so that a death or an error on the way back parts no file from its side-car. */
export function undueName(name: string): string | undefined {
  return DUE.test(name) ? name.replace(DUE, "") : undefined;
}

export function readDueName(name: string): number | undefined {
  const ms = DUE.exec(name)?.groups?.["ms"];
  return ms === undefined ? undefined : Number(ms);
}
