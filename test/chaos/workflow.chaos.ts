/** The workflow of test/integration/workflow.test.ts with 5,000 files, a process of every step killed in the middle. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const count = process.env["CHAOS"] === "short" ? "1000" : "5000";
const { status } = spawnSync(
  process.execPath,
  ["--disable-warning=ExperimentalWarning", join(root, "scripts/test.ts"), "test/integration/workflow.test.ts"],
  { cwd: root, env: { ...process.env, WORKFLOW: count }, stdio: "inherit" },
);
process.exitCode = status ?? 1;
