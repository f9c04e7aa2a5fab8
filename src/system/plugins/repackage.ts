import { cp, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLUGIN_DIALECT } from "../../core/ini/dialects.ts";
import { foldInto } from "../../core/ini/fold.ts";
import { parseIni } from "../../core/ini/parse.ts";
import { type ModulePaths, pluginConfigFiles } from "../../core/module/paths.ts";
import { readTextFile } from "../../kit/fs.ts";
import { buildArchive } from "./build.ts";
import { type Outcome, refused } from "./failure.ts";
import { findInstalled } from "./installed.ts";
import { notInstalled } from "./uninstall.ts";

/** Builds a `.plugin` file into `into` from an installed plugin as it is configured here, and returns its path. */
export async function repackage(
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  name: string,
  into: string,
): Promise<Outcome<string>> {
  const installed = findInstalled(paths, name);
  if (installed === undefined) return refused("refused", notInstalled(name));
  const stage = await mkdtemp(join(tmpdir(), "metwork-repackage-"));
  try {
    const home = join(stage, name);
    // The link of a plugin in development is followed, its own links are not.
    await cp(await realpath(installed.home), home, { recursive: true, verbatimSymlinks: true });
    const files = pluginConfigFiles(paths, name, home);
    let text = textOf(files.package);
    for (const file of [files.user, files.site]) {
      const above = parseIni(textOf(file), file, PLUGIN_DIALECT);
      text = foldInto(text, parseIni(text, files.package, PLUGIN_DIALECT), above.entries);
    }
    await writeFile(files.package, text);
    return await buildArchive(paths, env, home, into);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

function textOf(file: string): string {
  const read = readTextFile(file);
  return read.ok ? read.text : "";
}
