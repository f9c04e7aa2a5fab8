import { existsSync, globSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The program that builds what modules bring; without it there is nothing to build. */
export const builder = "scripts/build-plugins.ts";

/** What a built plugin is made of: its files, and the code that packs them. */
const sources = [
  "templates/plugins/**",
  "src/core/plugin/**",
  "src/system/plugins/**",
  "scripts/build-plugins.ts",
  "package.json",
];
const built = "modules/*/share/plugins/*.plugin";
const mark = "build/plugins.mark";

/** Whether a source is newer than the last build, or its products are gone. Reads only times. */
export function needBuilding(root: string): boolean {
  if (!existsSync(join(root, builder))) return false;
  const last = statSync(join(root, mark), { throwIfNoEntry: false })?.mtimeMs;
  if (last === undefined || globSync(built, { cwd: root }).length === 0) return true;
  return sources.some((glob) => globSync(glob, { cwd: root }).some((file) => newer(join(root, file), last)));
}

export function markBuilt(root: string): void {
  mkdirSync(dirname(join(root, mark)), { recursive: true });
  writeFileSync(join(root, mark), "");
}

function newer(file: string, time: number): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > time;
}
