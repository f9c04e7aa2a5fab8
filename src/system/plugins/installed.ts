import { lstatSync } from "node:fs";
import { join } from "node:path";
import { type ModulePaths, pluginsDirectory } from "../../core/module/paths.ts";
import { LAYER_FILES } from "../../core/plugin/layer.ts";
import { pluginLabel } from "../../core/plugin/name.ts";
import { listDirectory, readTextFile } from "../../kit/fs.ts";

/** Where a plugin is installed; `devlink`: as a link to a working directory. */
export interface InstalledPlugin {
  readonly name: string;
  readonly home: string;
  readonly devlink: boolean;
}

/**
 * Finds an installed plugin by its name: what its label says, or, for one without a readable label, its directory's name.
 * The plugin need not be valid.
 */
export function findInstalled(paths: ModulePaths, name: string): InstalledPlugin | undefined {
  const directory = pluginsDirectory(paths);
  const listed = listDirectory(directory);
  const candidates = (listed.ok ? listed.entries : []).filter(
    (entry) => entry.kind !== "file" && entry.name !== "base" && !entry.name.startsWith("."),
  );
  const label = pluginLabel(name, paths.module);
  const labelled = candidates.find((entry) => labelOf(join(directory, entry.name)) === label);
  const found =
    labelled ?? candidates.find((entry) => entry.name === name && labelOf(join(directory, name)) === undefined);
  if (found === undefined) return undefined;
  const home = join(directory, found.name);
  return { name, home, devlink: lstatSync(home).isSymbolicLink() };
}

/** The first line of a layer's label file. */
export function labelOf(home: string): string | undefined {
  const read = readTextFile(join(home, LAYER_FILES.label));
  return read.ok ? read.text.split("\n", 1)[0]?.trim() : undefined;
}
