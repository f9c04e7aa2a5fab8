/** One test, as every runner reports it. */
export interface TestResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Of a failure all there is to know; of a skip the reason. */
  readonly detail: string;
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

export const failed = (name: string, detail: string): TestResult => ({ name, outcome: "failed", detail });
