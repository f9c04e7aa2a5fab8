import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { cut } from "./cut.ts";
import { execute, type Finished } from "./process.ts";
import type { Line } from "./reporter.ts";
import { type FileReport, failed, type TestResult } from "./result.ts";

/** Runs one file of node:test tests in a process of its own. `scratch` is a directory for what the two say to each other. */
export async function runNodeFile(
  root: string,
  file: string,
  scratch: string,
  deadlineMs: number,
): Promise<FileReport> {
  const lines = join(scratch, `${file.replaceAll("/", "_")}.jsonl`);
  const done = await execute(
    [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      `--test-reporter=${join(import.meta.dirname, "reporter.ts")}`,
      `--test-reporter-destination=${lines}`,
      join(root, file),
    ],
    deadlineMs,
  );
  const text = existsSync(lines) ? readFileSync(lines, "utf8") : "";
  return { file: relative(root, join(root, file)), ms: done.ms, results: judgeNodeFile(text, done) };
}

/** The tests a file reported and, when the file as a whole went wrong, one failed test that says how. */
export function judgeNodeFile(text: string, done: Finished): readonly TestResult[] {
  const lines = text
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line): Line => JSON.parse(line));
  const results = lines.filter((line) => "outcome" in line);
  const notes = lines.flatMap((line) => ("note" in line ? [line.note] : []));
  const said = [...notes, done.stdout.trim(), done.stderr.trim()].filter((part) => part !== "");
  const output = said.map((part) => cut(part, 20, 60)).join("\n");
  const anyFailed = results.some((result) => result.outcome === "failed");
  const trouble = (): string | undefined => {
    if (done.timedOut) return `did not end within ${(done.ms / 1000).toFixed(0)} s and was killed`;
    if (!lines.some((line) => "end" in line) && (done.code !== 0 || results.length > 0)) {
      return `ended early, with exit code ${done.code}`;
    }
    if (results.length === 0) return "declares no test";
    return done.code !== 0 && !anyFailed ? `exit code ${done.code} though every test passed` : undefined;
  };
  const whole = trouble();
  if (whole !== undefined) return [...results, failed("(the file)", output === "" ? whole : `${whole}\n${output}`)];
  if (!anyFailed || output === "") return results;
  const last = results.findLastIndex((result) => result.outcome === "failed");
  return results.map((result, index) =>
    index === last ? { ...result, detail: `${result.detail}\noutput of the file:\n${output}` } : result,
  );
}
