import { createHash } from "node:crypto";
import { lstatSync } from "node:fs";
import { basename, join } from "node:path";
import { list, type ReadEntry } from "tar";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import {
  ARCHIVE_ROOT,
  buildIdentity,
  METADATA_FILE,
  type PluginMetadata,
  parseMetadata,
} from "../../core/plugin/archive.ts";
import { LAYER_FILES } from "../../core/plugin/layer.ts";
import { pluginNameOf } from "../../core/plugin/name.ts";
import { readTextFile } from "../../kit/fs.ts";
import { readLastApply } from "../apply/module.ts";
import { type Quarantined, quarantined } from "../apply/quarantined.ts";
import { loadPlugin, loadPlugins } from "../load/plugins.ts";
import { done, type Outcome, problem, reasonOf, refused } from "./failure.ts";
import { releaseFiles } from "./files.ts";
import { findInstalled } from "./installed.ts";
import { notInstalled } from "./uninstall.ts";

type Env = Readonly<Record<string, string>>;

/** A line of `plugins.list`. Version and release are `error` for a plugin that cannot be used. */
export interface PluginRow {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly home: string;
  /** Set when the version on disk does not serve, with the first reason; `kept`: the last good version does. */
  readonly quarantine?: { readonly state: Quarantined["state"]; readonly reason?: Diagnostic };
}

export async function listPlugins(paths: ModulePaths, env: Env): Promise<readonly PluginRow[]> {
  const { plugins, broken } = await loadPlugins(paths, env);
  const inQuarantine = quarantined(await readLastApply(runtimeLayout(paths.runtime)), broken);
  const states = new Map(
    inQuarantine.map(({ name, state, reasons: [reason] }) => [name, { state, ...(reason && { reason }) }]),
  );
  const rows: PluginRow[] = [
    ...plugins.map(({ name, version, release, home }) => ({ name, version, release, home })),
    ...broken.map(({ name, home }) => ({ name, version: "error", release: "error", home })),
  ];
  return rows
    .map((row) => {
      const quarantine = states.get(row.name);
      return quarantine === undefined ? row : { ...row, quarantine };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What there is to know about a plugin, installed or in an archive. */
export interface PluginInfo {
  readonly name: string;
  /** Absent for an archive. */
  readonly home?: string;
  readonly metadata: PluginMetadata;
  /** Relative to the plugin's home. */
  readonly files: readonly string[];
}

/** A word that cannot be a name, or that names an existing file, is an archive. */
export async function inspectPlugin(paths: ModulePaths, env: Env, nameOrFile: string): Promise<Outcome<PluginInfo>> {
  const isFile = /[/.]/.test(nameOrFile) || (lstatSync(nameOrFile, { throwIfNoEntry: false })?.isFile() ?? false);
  return isFile ? await inspectArchive(nameOrFile, paths) : await inspectInstalled(paths, env, nameOrFile);
}

/** The hash by which one build of a plugin is told from another (MD5 is what existing installations compare). */
export function buildHash(metadata: PluginMetadata): string {
  return createHash("md5").update(buildIdentity(metadata)).digest("hex");
}

/** The build an installed plugin came from; undefined for one that came from no archive, or is a link. */
export function installedMetadata(home: string): PluginMetadata | undefined {
  const read = readTextFile(join(home, METADATA_FILE));
  return read.ok && !lstatSync(home).isSymbolicLink() ? parseMetadata(read.text) : undefined;
}

async function inspectInstalled(paths: ModulePaths, env: Env, name: string): Promise<Outcome<PluginInfo>> {
  const installed = findInstalled(paths, name);
  if (installed === undefined) return refused("refused", notInstalled(name));
  const { home, devlink } = installed;
  const files = releaseFiles(home).map((file) => file.path);
  const built = installedMetadata(home);
  if (built !== undefined) return done({ name, home, metadata: built, files });
  const read = await loadPlugin(home, paths, env, devlink);
  if (!read.ok) return { ok: false, why: "refused", notes: read.notes };
  const { version, release, summary, about } = read.value;
  const { license, maintainer: packager, vendor, url } = about;
  return done({ name, home, metadata: { version, release, summary, license, packager, vendor, url }, files });
}

/** Reads an archive's label and metadata without unpacking it. */
export async function inspectArchive(file: string, paths: ModulePaths): Promise<Outcome<PluginInfo>> {
  const files: string[] = [];
  const wanted = new Map<string, string>();
  const onReadEntry = (entry: ReadEntry): void => {
    const path = entry.path.replace(/^(?:\.\/)?/, "").slice(ARCHIVE_ROOT.length + 1);
    if (entry.type !== "Directory") files.push(path);
    if (path !== METADATA_FILE && path !== LAYER_FILES.label) return;
    const chunks: Buffer[] = [];
    entry.on("data", (chunk: Buffer) => chunks.push(chunk));
    entry.on("end", () => wanted.set(path, Buffer.concat(chunks).toString("utf8")));
  };
  try {
    await list({ file, strict: true, onReadEntry });
  } catch (error) {
    const fix = "give a `.plugin` file made by `make release`";
    return refused("refused", problem("MF3082", `${file} is not a usable plugin archive: ${reasonOf(error)}`, fix));
  }
  const metadata = parseMetadata(wanted.get(METADATA_FILE) ?? "");
  const label = wanted.get(LAYER_FILES.label)?.split("\n", 1)[0]?.trim();
  if (metadata === undefined || label === undefined) {
    return refused(
      "refused",
      problem("MF3082", `${basename(file)} holds no ${METADATA_FILE} or no label: it is not a plugin`),
    );
  }
  const named = pluginNameOf(label, paths.module, { file, line: 1, col: 1, length: 1 });
  return "note" in named ? refused("refused", named.note) : done({ name: named.name, metadata, files });
}
