/** `make chaos`: every test/chaos/*.chaos.ts, one after the other, at full volume unless `CHAOS=short`. Arguments: only these. */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { reap } from "./test/leaks.ts";

const root = join(import.meta.dirname, "..");
const wanted = process.argv.slice(2);
// Whoever works inside an appliance must not have it tested, or hurt, by accident.
for (const name of Object.keys(process.env)) if (/^(METWORK_|MF[A-Z]*_)/.test(name)) delete process.env[name];
const scratch = mkdtempSync(join(tmpdir(), "mwc-"));
const mark = { id: `${process.pid}.${Date.now()}`, directory: scratch };
const env = { CHAOS: "full", ...process.env, METWORK_TEST_RUN: mark.id, TMPDIR: scratch };

for (const file of globSync("test/chaos/*.chaos.ts", { cwd: root }).sort()) {
  if (wanted.length > 0 && !wanted.some((word) => basename(file).includes(word))) continue;
  const begun = performance.now();
  const { status } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, file)], {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`${status === 0 ? "ok" : "FAILED"}  ${file}, ${seconds} s\n`);
  if (status !== 0) process.exitCode = 1;
}
for (const { pid, command } of await reap(mark)) {
  console.log(`left running: ${pid} ${command}`);
  process.exitCode = 1;
}
rmSync(scratch, { recursive: true, force: true });
