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

export function readDueName(name: string): number | undefined {
  const ms = DUE.exec(name)?.groups?.["ms"];
  return ms === undefined ? undefined : Number(ms);
}
