import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { isAsPlanned, manifestOf } from "../../core/plan/manifest.ts";
import type { Manifest, Plan } from "../../core/plan/types.ts";

const MANIFEST = "manifest.json";
/** How many generations stay on disk for a rollback. */
const KEPT = 5;

/** Writes a plan's tree beside the one in force and returns its directory. Nothing reads it until `switchTo`. */
export async function stage(layout: RuntimeLayout, plan: Plan): Promise<string> {
  const home = join(layout.generations, plan.id);
  if ((await readManifest(home)) !== undefined) return home;
  const draft = join(layout.generations, `.${plan.id}.${randomBytes(4).toString("hex")}`);
  try {
    const directories = new Set([...plan.tree.keys()].map((path) => dirname(join(draft, path))).concat(draft));
    for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o700 });
    await Promise.all(
      [...plan.tree].map(([path, file]) => writeFile(join(draft, path), file.text, { mode: file.mode })),
    );
    await writeFile(join(draft, MANIFEST), JSON.stringify(manifestOf(plan)), { mode: 0o600 });
    await rm(home, { recursive: true, force: true });
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  return home;
}

/** Puts a staged generation in force: one rename of one symlink, so a kill leaves the old tree or the new one. */
export async function switchTo(layout: RuntimeLayout, id: string): Promise<void> {
  const next = `${layout.configAuto}.${randomBytes(4).toString("hex")}`;
  await symlink(join(basename(layout.generations), id), next);
  await rename(next, layout.configAuto);
}

/** Takes the symlink away: no generation is in force. */
export async function switchToNone(layout: RuntimeLayout): Promise<void> {
  await rm(layout.configAuto, { force: true });
}

/** What is in force now; undefined before the first apply or when its directory was damaged. */
export async function currentManifest(layout: RuntimeLayout): Promise<Manifest | undefined> {
  try {
    await readlink(layout.configAuto);
  } catch {
    return undefined;
  }
  return readManifest(layout.configAuto);
}

/** Whether the tree in force still is what was generated: nothing else may ever write there. */
export async function isUntouched(layout: RuntimeLayout, manifest: Manifest): Promise<boolean> {
  const checks = Object.keys(manifest.files).map(async (path) => {
    const text = await readFile(join(layout.configAuto, path), "utf8").catch(() => undefined);
    return text !== undefined && isAsPlanned(manifest, path, text);
  });
  return (await Promise.all(checks)).every(Boolean);
}

/** Removes what was staged and never used, and all but the youngest generations. */
export async function prune(layout: RuntimeLayout, keep: readonly string[]): Promise<void> {
  const names = await readdir(layout.generations);
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(layout.generations, name))).mtimeMs })),
  );
  const young = aged
    .filter(({ name }) => !name.startsWith("."))
    .sort((a, b) => b.at - a.at)
    .slice(0, KEPT);
  const kept = new Set([...keep, ...young.map(({ name }) => name)]);
  for (const name of names) {
    if (!kept.has(name)) await rm(join(layout.generations, name), { recursive: true, force: true });
  }
}

async function readManifest(home: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(home, MANIFEST), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}
