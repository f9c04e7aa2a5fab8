/** `make check`: every look at the code that runs none of it. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { execute } from "./test/process.ts";
import { type FileReport, failed } from "./test/result.ts";
import { showFailures, showReport } from "./test/show.ts";

const root = join(import.meta.dirname, "..");
const deadlineMs = 300_000;

const shellScripts = [
  "layers/core/bin/listen_pid",
  "test/support/systemd-box",
  "bin/metwork",
  "bin/cronwrap.sh",
  ".ci/run",
  ...globSync(
    [
      "scripts/**/*.sh",
      "test/**/*.{bats,bash,sh}",
      "modules/mfext/share/shell/*",
      "modules/*/share/*{profile,.sh,bashrc}",
    ],
    { cwd: root },
  ),
];

const checks: Readonly<Record<string, readonly [string, ...string[]]>> = {
  biome: ["biome", "ci", "--colors=off", "--error-on-warnings", "."],
  tsc: ["tsc", "-p", "."],
  depcruise: ["depcruise", "src", "--config", ".dependency-cruiser.mjs"],
  knip: ["knip", "--no-progress"],
  shellcheck: ["shellcheck", ...shellScripts],
};

/** Runs all checks, two at a time; each is one test. Needs node_modules/.bin first in PATH. */
export async function runChecks(onDone: (report: FileReport) => void): Promise<readonly FileReport[]> {
  const reports: FileReport[] = [];
  const waiting = Object.entries(checks);
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, argv] = next;
      const done = await execute(argv, deadlineMs);
      const output = `${done.stdout}${done.stderr}`.trim();
      const command = argv.join(" ");
      const result =
        done.code === 0 ? ({ name: command, outcome: "passed", detail: "" } as const) : failed(command, output);
      const report = { file: name, ms: done.ms, results: [result] };
      reports.push(report);
      onDone(report);
    }
  };
  await Promise.all([worker(), worker()]);
  return reports;
}

if (import.meta.main) {
  const reports = await runChecks(showReport);
  showFailures(reports);
  process.exitCode = reports.some(({ results }) => results.some((result) => result.outcome === "failed")) ? 1 : 0;
}
