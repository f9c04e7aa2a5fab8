import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { create } from "tar";
import type { ModulePaths } from "../../core/module/paths.ts";
import {
  ARCHIVE_ROOT,
  archiveName,
  FILES_FILE,
  METADATA_FILE,
  type PluginMetadata,
} from "../../core/plugin/archive.ts";
import { archiveJudge } from "../../core/plugin/archive-entry.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { loadPlugin } from "../load/plugins.ts";
import { done, type Outcome, problem, refused } from "./failure.ts";
import { type PluginFile, releaseFiles } from "./files.ts";

/** Where and when a build is said to have been made; a fixed one gives the same bytes for the same files. */
export interface BuildStamp {
  readonly host: string;
  readonly date: Date;
}

/**
 * Builds the `.plugin` archive of a plugin's directory into `into` and returns its path. The plugin must be valid. What
 * `.releaseignore` names is left out. The date comes from `SOURCE_DATE_EPOCH` when that is set.
 */
export async function buildArchive(
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  directory: string,
  into: string,
  stamp: BuildStamp = defaultStamp(),
): Promise<Outcome<string>> {
  const home = resolve(directory);
  const checked = await loadPlugin(home, paths, env);
  if (!checked.ok) return { ok: false, why: "refused", notes: checked.notes };
  const plugin = checked.value;
  const own = new Set([METADATA_FILE, FILES_FILE]);
  const files = releaseFiles(home).filter((file) => !own.has(file.path));
  const bad = unfit(home, files);
  if (bad !== undefined) return refused("refused", bad);
  const stage = await mkdtemp(join(tmpdir(), "metwork-build-"));
  try {
    const root = join(stage, ARCHIVE_ROOT);
    await copyFiles(home, root, files);
    const metadata = describeBuild(plugin, home, files, stamp);
    const listed = [...files.map((file) => file.path), METADATA_FILE, FILES_FILE].map(
      (path) => `${ARCHIVE_ROOT}/${path}`,
    );
    await writeFile(join(root, METADATA_FILE), `${JSON.stringify(metadata, null, 2)}\n`);
    await writeFile(join(root, FILES_FILE), `${JSON.stringify(listed, null, 2)}\n`);
    const { version, release } = plugin.about;
    const target = join(into, archiveName(plugin.name, version, release, paths.module));
    const options = { gzip: true, cwd: stage, portable: true, noDirRecurse: true, mtime: stamp.date } as const;
    await create({ ...options, file: `${target}.new` }, [ARCHIVE_ROOT, ...directoriesOf(listed), ...listed].sort());
    await rename(`${target}.new`, target);
    return done(target, checked.notes);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

function defaultStamp(): BuildStamp {
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  return { host: hostname(), date: epoch === undefined ? new Date() : new Date(Number(epoch) * 1000) };
}

/** A release must be installable: it is judged as it will be then. */
function unfit(home: string, files: readonly PluginFile[]) {
  const judge = archiveJudge();
  for (const { path, kind } of files) {
    const stat = lstatSync(join(home, path));
    const link = kind === "link" ? { linkpath: readlinkSync(join(home, path)) } : {};
    const type = { file: "File", link: "SymbolicLink", other: "special file" }[kind];
    const reason = judge({ path: `${ARCHIVE_ROOT}/${path}`, type, mode: stat.mode & 0o7777, size: stat.size, ...link });
    if (reason !== undefined) {
      return problem(
        "MF3088",
        `${join(home, path)} cannot be released: ${reason}`,
        "remove it, or name it in .releaseignore",
      );
    }
  }
  return undefined;
}

async function copyFiles(home: string, root: string, files: readonly PluginFile[]): Promise<void> {
  await mkdir(root);
  for (const { path, kind } of files) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    if (kind === "link") await symlink(readlinkSync(join(home, path)), join(root, path));
    else await copyFile(join(home, path), join(root, path));
  }
}

function describeBuild(plugin: Plugin, home: string, files: readonly PluginFile[], stamp: BuildStamp): PluginMetadata {
  const { about } = plugin;
  const size = files.reduce((sum, { path }) => sum + lstatSync(join(home, path)).size, 0);
  return {
    version: about.version,
    release: about.release,
    build_host: stamp.host,
    build_date: stamp.date.toISOString().replace(/\.\d+Z$/, "Z"),
    size: String(size),
    digest: digestOfFiles(home, files),
    summary: plugin.summary,
    license: about.license,
    packager: about.maintainer,
    vendor: about.vendor,
    url: about.url,
  };
}

function digestOfFiles(home: string, files: readonly PluginFile[]): string {
  const hash = createHash("sha256");
  for (const { path, kind } of files) {
    const file = join(home, path);
    const content = kind === "link" ? readlinkSync(file) : readFileSync(file);
    hash.update(`${path}\0${kind}\0${lstatSync(file).mode & 0o111}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function directoriesOf(paths: readonly string[]): readonly string[] {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let parent = dirname(path); parent.includes("/"); parent = dirname(parent)) directories.add(parent);
  }
  return [...directories];
}
