import { cut } from "./cut.ts";
import { count, type FileReport, type TestResult } from "./result.ts";

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

/** Every failure with all that is known of it. */
export function showFailures(reports: readonly FileReport[]): void {
  for (const { file, name, detail } of failuresOf(reports)) {
    console.log(`\nFAIL ${file} > ${name}\n${indent(cut(detail, 120, 80))}`);
  }
}

/** All failures once more in short: nothing may stand between them and the last line, since long outputs get cut in the middle. */
export function showSummary(reports: readonly FileReport[]): void {
  const failures = failuresOf(reports);
  if (failures.length === 0) return;
  console.log("\nfailed:");
  for (const { file, name, headline = "" } of failures) console.log(`  ${file} > ${name}\n${indent(headline, 4)}`);
}

function failuresOf(reports: readonly FileReport[]): readonly (TestResult & { readonly file: string })[] {
  return reports.flatMap(({ file, results }) =>
    results.filter(({ outcome }) => outcome === "failed").map((result) => ({ file, ...result })),
  );
}

function indent(text: string, by = 2): string {
  return text.trimEnd().replace(/^/gm, " ".repeat(by));
}

export function showSlowest(reports: readonly FileReport[], howMany: number): void {
  const slowest = reports.toSorted((a, b) => b.ms - a.ms).slice(0, howMany);
  console.log(`\nslowest: ${slowest.map(({ file, ms }) => `${file} ${seconds(ms)}`).join(", ")}`);
}

/** The last line: what was found, in numbers. Returns the exit code. */
export function showTotal(reports: readonly FileReport[]): number {
  const [passed, failures, skipped] = [count(reports, "passed"), count(reports, "failed"), count(reports, "skipped")];
  if (skipped > 0) console.log(`\n${skipped} skipped`);
  console.log(`\n${passed} passed, ${failures} failed`);
  return failures > 0 || passed === 0 ? 1 : 0;
}
