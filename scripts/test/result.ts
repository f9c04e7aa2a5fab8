import { headlineOf } from "./explain.ts";

/** One test, as every runner reports it. */
export interface TestResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Of a failure all there is to know; of a skip the reason. */
  readonly detail: string;
  /** Of a failure: why, in a few lines. */
  readonly headline?: string;
}

/** All tests of one file, or of one tool. */
export interface FileReport {
  /** Relative to the repository; a tool's name for a check. */
  readonly file: string;
  readonly ms: number;
  readonly results: readonly TestResult[];
}

export function count(reports: readonly FileReport[], outcome: TestResult["outcome"]): number {
  return reports.reduce((sum, { results }) => sum + results.filter((one) => one.outcome === outcome).length, 0);
}

/** `headline`: why, in a few lines; the first ones of `detail` unless given. */
export function failed(name: string, detail: string, headline = headlineOf(detail)): TestResult {
  return { name, outcome: "failed", detail, headline };
}
