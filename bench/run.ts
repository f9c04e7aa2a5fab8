import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** Runs every measurement of this directory, one after the other. */
const others = readdirSync(import.meta.dirname).filter(
  (name) => name.endsWith(".ts") && name !== basename(import.meta.filename),
);
for (const name of others.sort()) {
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, name)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
