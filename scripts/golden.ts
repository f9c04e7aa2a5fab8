import { spawnSync } from "node:child_process";
import { join } from "node:path";

const tests = ["golden", "detect", "export"].map((name) => join(import.meta.dirname, "..", "test", `${name}.test.ts`));
const env = { ...process.env, UPDATE_GOLDEN: "1" };
process.exitCode = spawnSync(process.execPath, ["--test", ...tests], { env, stdio: "inherit" }).status ?? 1;
