import { count, type FileReport } from "./result.ts";

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const mark = { passed: "ok  ", failed: "FAIL", skipped: "skip" } as const;

/** One line per file, as it ends; one more per skipped test. */
export function showReport(report: FileReport): void {
  const failures = count([report], "failed");
  const tests = report.results.length === 1 ? "1 test" : `${report.results.length} tests`;
  console.log(`${failures > 0 ? mark.failed : mark.passed} ${report.file}  (${tests}, ${seconds(report.ms)})`);
  for (const result of report.results) {
    if (result.outcome === "skipped") console.log(`     ${mark.skipped} ${result.name}: ${result.detail}`);
  }
}

/** Every failure in full. */
export function showFailures(reports: readonly FileReport[]): void {
  for (const { file, results } of reports) {
    for (const { name, outcome, detail } of results) {
      if (outcome === "failed") console.log(`\nFAIL ${file} > ${name}\n${detail.trimEnd().replace(/^/gm, "  ")}`);
    }
  }
}

export function showSlowest(reports: readonly FileReport[], howMany: number): void {
  const slowest = reports.toSorted((a, b) => b.ms - a.ms).slice(0, howMany);
  console.log(`\nslowest: ${slowest.map(({ file, ms }) => `${file} ${seconds(ms)}`).join(", ")}`);
}

/** The last line: what was found, in numbers. Returns the exit code. */
export function showTotal(reports: readonly FileReport[]): number {
  const [passed, failures, skipped] = [count(reports, "passed"), count(reports, "failed"), count(reports, "skipped")];
  console.log(`\n${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failures > 0 || passed === 0 ? 1 : 0;
}
