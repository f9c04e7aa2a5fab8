import { randomBytes } from "node:crypto";
import { linkSync, lstatSync, mkdirSync, type Stats, utimesSync, writeFileSync } from "node:fs";
import { readdir, readFile, readlink, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { isAsPlanned, manifestOf, servedId } from "../../core/plan/manifest.ts";
import type { Manifest, Plan, PlannedFile } from "../../core/plan/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { exists } from "../../kit/fs.ts";
import { exchange } from "../../kit/linux/exchange.ts";

const MANIFEST = "manifest.json";
/** How many generations that were in force stay on disk for a rollback. */
const KEPT = 5;

/**
 * Writes a plan's tree beside the one in force and returns its directory. Nothing reads it until `switchTo`.
 * Files that are the same in the generation in force are not written again but linked: nobody writes them in place.
 */
export async function stage(layout: RuntimeLayout, plan: Plan): Promise<string> {
  const home = join(layout.generations, plan.id);
  const staged = await readManifest(home);
  if (staged !== undefined && (await isIntact(home, staged))) return home;
  const draft = join(layout.generations, `.${plan.id}.${randomBytes(4).toString("hex")}`);
  try {
    const directories = new Set([...plan.tree.keys()].map((path) => dirname(join(draft, path))).concat(draft));
    for (const directory of directories) mkdirSync(directory, { recursive: true, mode: 0o700 });
    checkpoint("draft-made");
    writeTree(draft, plan, await linkable(layout, plan));
    checkpoint("draft-written");
    writeFileSync(join(draft, MANIFEST), JSON.stringify(manifestOf(plan)), { mode: 0o600 });
    checkpoint("manifest-written");
    // Never in force so far: the first to go.
    utimesSync(draft, 0, 0);
    if (exists(home)) exchange(draft, home);
    else await rename(draft, home);
    checkpoint("staged");
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return home;
}

type FindTwin = (path: string, file: PlannedFile) => string | undefined;

/** Synchronous because it is many small files, which the thread pool would write several times slower. */
function writeTree(draft: string, plan: Plan, findTwin: FindTwin): void {
  const half = plan.tree.size >> 1;
  let written = 0;
  for (const [path, file] of plan.tree) {
    const twin = findTwin(path, file);
    if (twin === undefined) writeFileSync(join(draft, path), file.text, { mode: file.mode });
    else linkSync(twin, join(draft, path));
    if (++written === half) checkpoint("draft-half-written");
  }
}

/** Finds, in the generation in force, the files that would be written again as they are and that nobody edited by hand. */
async function linkable(layout: RuntimeLayout, plan: Plan): Promise<FindTwin> {
  const current = await currentManifest(layout);
  const sealed = statsOf(join(layout.configAuto, MANIFEST));
  if (current === undefined || sealed === undefined) return () => undefined;
  const home = join(layout.generations, current.id);
  const served = servedId(manifestOf(plan));
  const isServed = served === servedId(current);
  return (path, file) => {
    if (current.files[path] !== plan.digests[path]) return undefined;
    if (!isServed && file.text.includes(served)) return undefined;
    const there = statsOf(join(home, path));
    // The manifest is written last: whatever is younger was edited.
    const isUsable = there?.isFile() === true && there.mtimeMs <= sealed.mtimeMs && (there.mode & 0o777) === file.mode;
    return isUsable ? join(home, path) : undefined;
  };
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Puts a staged generation in force: one rename of one symlink, so a kill leaves the old tree or the new one. */
export async function switchTo(layout: RuntimeLayout, id: string): Promise<void> {
  const now = new Date();
  await utimes(join(layout.generations, id), now, now);
  const next = `${layout.configAuto}.${randomBytes(4).toString("hex")}`;
  await symlink(join(basename(layout.generations), id), next);
  checkpoint("link-made");
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

/** What a generation that is on disk says; undefined when it is not there. */
export async function generationManifest(layout: RuntimeLayout, id: string): Promise<Manifest | undefined> {
  return readManifest(join(layout.generations, id));
}

/** Whether the tree in force still is what was generated: nothing else may ever write there. */
export async function isUntouched(layout: RuntimeLayout, manifest: Manifest): Promise<boolean> {
  return isIntact(layout.configAuto, manifest);
}

async function isIntact(home: string, manifest: Manifest): Promise<boolean> {
  const checks = Object.keys(manifest.files).map(async (path) => {
    const text = await readFile(join(home, path), "utf8").catch(() => undefined);
    return text !== undefined && isAsPlanned(manifest, path, text);
  });
  return (await Promise.all(checks)).every(Boolean);
}

/** Removes what a killed apply left: drafts and links that never got their name. Only for who holds the lock. */
export async function sweep(layout: RuntimeLayout): Promise<void> {
  const drafts = (await readdir(layout.generations)).filter((name) => name.startsWith("."));
  const links = (await readdir(layout.tmp)).filter((name) => /^config_auto\.[0-9a-f]{8}$/.test(name));
  const records = (await readdir(layout.var)).filter((name) =>
    /^\.(last_apply\.json|history\.ndjson)\.[0-9a-f]+\.tmp$/.test(name),
  );
  const left = [
    ...drafts.map((name) => join(layout.generations, name)),
    ...links.map((name) => join(layout.tmp, name)),
    ...records.map((name) => join(layout.var, name)),
  ];
  for (const path of left) await rm(path, { recursive: true, force: true });
}

/** Removes what was staged and never used, and all but the generations that were in force last. */
export async function prune(layout: RuntimeLayout, keep: readonly string[]): Promise<void> {
  const names = await readdir(layout.generations);
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(layout.generations, name))).mtimeMs })),
  );
  const young = aged
    .filter(({ name, at }) => !name.startsWith(".") && at > 0)
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
