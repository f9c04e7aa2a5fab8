import { statSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { LAYER_FILES, type LayerSource, readLayer } from "../../core/plugin/layer.ts";
import { isContribution } from "../../core/plugin/layer-environment.ts";
import type { Layer } from "../../core/plugin/types.ts";
import { type DirectoryEntry, listDirectory, readTextFile } from "../../kit/fs.ts";

/** The layers of the installation, in search order, and what is wrong with some. */
export interface LoadedLayers {
  readonly layers: readonly Layer[];
  readonly notes: readonly Diagnostic[];
}

/** Reads the installed layers: `layers/*`, then the homes of the module and of mfext. Plugins are layers too, but not these. */
export async function loadLayers(
  paths: ModulePaths,
  env: Readonly<Record<string, string>> = {},
): Promise<LoadedLayers> {
  const directory = join(paths.root, "layers");
  const listed = listDirectory(directory);
  const names = listed.ok ? listed.entries.filter((entry) => entry.kind !== "file").map((entry) => entry.name) : [];
  const homes = [...names.map((name) => join(directory, name)), paths.home, paths.mfext];
  const layers: Layer[] = [];
  const notes: Diagnostic[] = [];
  for (const home of homes) {
    const source = readLayerFiles(home);
    if (source.label === undefined) continue;
    const read = readLayer(source, env);
    notes.push(...read.notes);
    if (read.ok) layers.push(read.value);
  }
  return { layers, notes };
}

/** Reads what makes a directory a layer. `entries` spares listing the home again. */
export function readLayerFiles(home: string, entries: readonly DirectoryEntry[] = entriesOf(home)): LayerSource {
  const present = new Set(entries.map((entry) => entry.name));
  const source: { -readonly [Field in keyof LayerSource]: LayerSource[Field] } = {
    home,
    has: findContributions(home, entries),
  };
  for (const [field, name] of Object.entries(LAYER_FILES)) {
    const read = present.has(name) ? readTextFile(join(home, name)) : undefined;
    if (read?.ok) source[field as keyof typeof LAYER_FILES] = read.text;
  }
  return source;
}

/** The directories a layer contributes; only those that may lead to one are looked into. */
function findContributions(home: string, entries: readonly DirectoryEntry[]): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (inside: string, list: readonly DirectoryEntry[]): void => {
    for (const entry of list) {
      const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
      const leads = LEADS_ON.test(path);
      if (!leads && !isContribution(path)) continue;
      if (!isDirectory(join(home, path), entry)) continue;
      if (isContribution(path)) found.add(path);
      if (leads) look(path, entriesOf(join(home, path)));
    }
  };
  look("", entries);
  return found;
}

/** Directories inside which there may be a contribution: `lib`, `local`, `node_modules`, `lib/python3.11`, ... */
const LEADS_ON = /^(?:(?:local\/)?lib(?:\/(?:python3\.\d+|node_modules))?|local|node_modules)$/;

function isDirectory(path: string, entry: DirectoryEntry): boolean {
  if (entry.kind !== "link") return entry.kind === "directory";
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function entriesOf(directory: string): readonly DirectoryEntry[] {
  const listed = listDirectory(directory);
  return listed.ok ? listed.entries : [];
}
