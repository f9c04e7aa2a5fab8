import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DEFAULT_LOG_POLICY } from "../../kit/log-file.ts";
import { openLogs } from "./log.ts";
import { LogFiles } from "./log-files.ts";

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "metwork-logs-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function daemon() {
  const heard: string[] = [];
  const hear = (text: string): number => heard.push(text);
  return { heard, logs: openLogs({ stdout: hear, stderr: hear }, 7), files: new LogFiles() };
}

test("a step's lines are in its own file, in their order, and nowhere else", async (t) => {
  const directory = place(t);
  const { heard, logs, files } = daemon();
  const path = join(directory, "step_p_s.log");
  const step = logs.named("p.s", "INFO", files.sink({ stdout: path }));
  step.debug("not asked for");
  step.info("first");
  step.warning("second");
  step.info("third");
  logs.named("flow", "INFO").info("of the daemon");
  logs.flush();
  await files.close();
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z /, "")),
    ["    [INFO] (mfdata.p.s#7) first", " [WARNING] (mfdata.p.s#7) second", "    [INFO] (mfdata.p.s#7) third"],
  );
  assert.match(heard.join(""), /^\S+ +\[INFO\] \(mfdata\.flow#7\) of the daemon\n$/);
});

test("warnings and errors are in a file of their own where the outputs are split", async (t) => {
  const directory = place(t);
  const { logs, files } = daemon();
  const paths = { stdout: join(directory, "s.stdout"), stderr: join(directory, "s.stderr") };
  const step = logs.named("p.s", "DEBUG", files.sink(paths));
  step.debug("quiet");
  step.error("loud");
  logs.flush();
  await files.close();
  assert.match(readFileSync(paths.stdout, "utf8"), /^\S+ +\[DEBUG\] \(mfdata\.p\.s#7\) quiet\n$/);
  assert.match(readFileSync(paths.stderr, "utf8"), /^\S+ +\[ERROR\] \(mfdata\.p\.s#7\) loud\n$/);
});

test("the files are rotated as it is configured now, and a step that comes back writes on", async (t) => {
  const directory = place(t);
  const { logs, files } = daemon();
  const paths = { stdout: join(directory, "s.log") };
  const policy = { ...DEFAULT_LOG_POLICY, maxBytes: 60, keep: 1 };
  files.adopt(policy, [paths]);
  const step = logs.named("p.s", "INFO", files.sink(paths));
  for (const word of ["one", "two", "three"]) {
    step.warning(word);
    await files.close();
  }
  files.adopt(policy, []);
  step.warning("four");
  await files.close();
  assert.match(readFileSync(paths.stdout, "utf8"), /four\n$/);
  assert.equal(readdirSync(directory).length, 2);
});
