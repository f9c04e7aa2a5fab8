import { join } from "node:path";
import { execute, type Finished } from "./process.ts";
import { type FileReport, failed, type TestResult } from "./result.ts";

/** Runs one bats file. */
export async function runBatsFile(root: string, file: string, deadlineMs: number): Promise<FileReport> {
  const bats = join(root, "node_modules", "bats", "bin", "bats");
  const done = await execute([bats, "--formatter", "tap", join(root, file)], deadlineMs);
  return { file, ms: done.ms, results: judgeTap(done) };
}

/** Reads TAP (version 12, as bats writes it): a plan, `ok`/`not ok` lines, and `#` lines that explain the line above. */
export function judgeTap(done: Finished): readonly TestResult[] {
  const results: TestResult[] = [];
  let planned: number | undefined;
  for (const line of done.stdout.split("\n")) {
    const plan = /^1\.\.(\d+)/.exec(line);
    const test = /^(ok|not ok) \d+ (.*?)(?: # (?:skip|SKIP)(?: (.*))?)?$/.exec(line);
    if (plan !== null) planned = Number(plan[1]);
    else if (test !== null) results.push(tapResult(test));
    else if (line.startsWith("#")) explain(results, line.slice(2));
  }
  const stderr = done.stderr.trim();
  if (done.timedOut) return [...results, failed("(the file)", `did not end and was killed\n${stderr}`)];
  if (planned === undefined || results.length !== planned) {
    return [
      ...results,
      failed("(the file)", `${results.length} of ${planned ?? "?"} tests reported\n${done.stdout}${stderr}`),
    ];
  }
  if (planned === 0) return [failed("(the file)", "declares no test")];
  const anyFailed = results.some((result) => result.outcome === "failed");
  return done.code === 0 || anyFailed
    ? results
    : [...results, failed("(the file)", `exit code ${done.code}\n${stderr}`)];
}

function tapResult([, word, name = "", skipped]: RegExpExecArray): TestResult {
  if (word === "ok" && skipped === undefined) return { name, outcome: "passed", detail: "" };
  return word === "ok" ? { name, outcome: "skipped", detail: skipped ?? "" } : failed(name, "");
}

function explain(results: TestResult[], text: string): void {
  const last = results.pop();
  if (last === undefined) return;
  const detail = `${last.detail}${last.detail === "" ? "" : "\n"}${text}`;
  results.push(last.outcome === "failed" ? failed(last.name, detail) : last);
}
