/** `make test`: the checks, then every test of every runner. Arguments, if any, are files to run instead of all. */
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { runChecks } from "./check.ts";
import { runBatsFile } from "./test/bats-tests.ts";
import { reap } from "./test/leaks.ts";
import { runNodeFile } from "./test/node-tests.ts";
import { type FileReport, failed } from "./test/result.ts";
import { showFailures, showReport, showSlowest, showSummary, showTotal } from "./test/show.ts";

const root = join(import.meta.dirname, "..");

/** Files that run side by side in their group: those that start servers mostly wait. What measures gets the machine for itself. */
const groups = [
  { globs: ["src/**/*.test.ts", "scripts/**/*.test.ts", "test/*.test.ts"], lanes: 2, deadlineMs: 120_000 },
  { globs: ["test/conformance/**/*.test.ts", "test/integration/**/*.test.ts"], lanes: 2, deadlineMs: 600_000 },
  { globs: ["test/timed/**/*.test.ts"], lanes: 1, deadlineMs: 300_000 },
  { globs: ["test/cli/**/*.bats"], lanes: 1, deadlineMs: 600_000 },
] as const;

/** What takes longest begins first, or it would run on alone at the end of its group. */
const longest = [
  ...["plugin-templates", "kills", "serve-acceptance", "mfdata-acceptance", "flow-chaos", "serve-python"],
  ...["serve-python-packages", "alive", "monitor", "flow-hot-change"],
];

// Whoever works inside an appliance must not have it tested, or hurt, by accident.
for (const name of Object.keys(process.env)) if (/^(METWORK_|MF[A-Z]*_)/.test(name)) delete process.env[name];
const scratch = mkdtempSync(join(tmpdir(), "mwt-"));
const mark = { id: `${process.pid}.${Date.now()}`, directory: scratch };
process.env["METWORK_TEST_RUN"] = mark.id;
// All temporary directories of the tests lie in one, short since socket paths may have 107 bytes.
process.env["TMPDIR"] = scratch;
// Each file, daemon and command would else compile the same sources once more: a third of all processor time.
process.env["NODE_COMPILE_CACHE"] = join(root, "build", "compile_cache");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void interrupted());

process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const reports: FileReport[] = [];
  const add = (report: FileReport): void => {
    reports.push(report);
    showReport(report);
  };
  if (wanted.length === 0) await runChecks(add);
  for (const { globs, lanes, deadlineMs } of groups) {
    const found = globs.flatMap((glob) => globSync(glob, { cwd: root })).sort();
    const asked = found.filter((file) => wanted.length === 0 || wanted.includes(file));
    const files = asked.toSorted((a, b) => rank(a) - rank(b));
    await inLanes(files, lanes, async (file) => add(await runFile(file, deadlineMs)));
  }
  const leaks = await reap(mark);
  if (leaks.length > 0) {
    const listed = leaks.map(({ pid, command }) => `${pid} ${command}`).join("\n");
    reports.push({ file: "the whole run", ms: 0, results: [failed("leaves no process behind", listed)] });
  }
  rmSync(scratch, { recursive: true, force: true });
  showFailures(reports);
  showSlowest(reports, 10);
  showSummary(reports);
  return showTotal(reports);
}

/** The lower, the earlier. */
function rank(file: string): number {
  const index = longest.indexOf(basename(file, ".test.ts"));
  return index < 0 ? longest.length : index;
}

/** A runner that breaks is a failed test, not the end of the run. */
async function runFile(file: string, deadlineMs: number): Promise<FileReport> {
  try {
    return file.endsWith(".bats")
      ? await runBatsFile(root, file, deadlineMs)
      : await runNodeFile(root, file, scratch, deadlineMs);
  } catch (error) {
    return { file, ms: 0, results: [failed("(the runner)", String(error instanceof Error ? error.stack : error))] };
  }
}

/** Does `work` for each item, at most `lanes` at a time. */
async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function interrupted(): Promise<void> {
  await reap(mark, 0);
  rmSync(scratch, { recursive: true, force: true });
  process.exit(130);
}
