import { statSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { listDirectory } from "../../kit/fs.ts";
import { problem } from "./failure.ts";
import { buildHash, inspectArchive, installedMetadata } from "./inspect.ts";
import { installPlugin } from "./install.ts";
import { findInstalled } from "./installed.ts";

/**
 * Installs, or replaces by another build, the plugins a module's configuration asks for: `[internal_plugins] install_x = 1`
 * and the archives in `/etc/metwork.config.d/<mod>/plugins`. Links to working directories and the users' overrides are
 * left alone; an archive that is no good is reported, and the others are installed all the same.
 */
export async function provisionPlugins(paths: ModulePaths, config: ModuleConfig): Promise<readonly Diagnostic[]> {
  const notes: Diagnostic[] = [];
  for (const name of wantedInternals(config)) {
    const archive = newestArchive(join(paths.home, "share", "plugins"), `${name}-`);
    if (archive === undefined) notes.push(noInternal(name, paths));
    else notes.push(...(await provide(archive, paths, config)));
  }
  for (const archive of archivesIn(join(paths.etc, "metwork.config.d", paths.module, "plugins"))) {
    notes.push(...(await provide(archive, paths, config)));
  }
  return notes;
}

/**
 * The internal plugins that the configuration asks for and that are not there. Of a module that does not run only those that
 * its next start cannot install.
 */
export function missingInternals(paths: ModulePaths, config: ModuleConfig, runs: boolean): readonly Diagnostic[] {
  return wantedInternals(config).flatMap((name) => {
    if (findInstalled(paths, name) !== undefined) return [];
    if (newestArchive(join(paths.home, "share", "plugins"), `${name}-`) === undefined) return [noInternal(name, paths)];
    if (!runs) return [];
    const message = `the internal plugin ${name} is asked for and not installed`;
    const fix = `\`${paths.module}.start\` installs it, or says why not; or set [internal_plugins] install_${name} = 0`;
    return [{ ...problem("MF3096", message, fix), severity: "warning" as const, plugin: name }];
  });
}

async function provide(archive: string, paths: ModulePaths, config: ModuleConfig): Promise<readonly Diagnostic[]> {
  const inspected = await inspectArchive(archive, paths);
  if (!inspected.ok) return inspected.notes.map(asWarning);
  const { name, metadata } = inspected.value;
  const installed = findInstalled(paths, name);
  if (installed?.devlink === true) return [];
  const built = installed === undefined ? undefined : installedMetadata(installed.home);
  if (built !== undefined && buildHash(built) === buildHash(metadata)) return [];
  const outcome = await installPlugin(paths, config.env, archive, { force: installed !== undefined });
  return outcome.ok ? outcome.notes : outcome.notes.map(asWarning);
}

/** The module starts without the plugin: what is wrong with an archive is no reason to refuse the rest. */
function asWarning(note: Diagnostic): Diagnostic {
  return hasErrors([note]) ? { ...note, severity: "warning" } : note;
}

function wantedInternals(config: ModuleConfig): readonly string[] {
  const prefix = "internal_plugins.install_";
  return [...config.values]
    .filter(([key, { value }]) => key.startsWith(prefix) && (value === true || value === 1 || value === "1"))
    .map(([key]) => key.slice(prefix.length));
}

function newestArchive(directory: string, start: string): string | undefined {
  const age = (path: string): number => statSync(path).mtimeMs;
  return archivesIn(directory)
    .filter((path) => path.slice(directory.length + 1).startsWith(start))
    .sort((a, b) => age(b) - age(a))[0];
}

function archivesIn(directory: string): readonly string[] {
  const listed = listDirectory(directory);
  const names = listed.ok ? listed.entries.map((entry) => entry.name) : [];
  return names.filter((name) => name.endsWith(".plugin")).map((name) => join(directory, name));
}

function noInternal(name: string, paths: ModulePaths): Diagnostic {
  const note = problem(
    "MF3089",
    `the internal plugin ${name} is not in ${join(paths.home, "share", "plugins")}`,
    `build it with \`make setup\`, or set [internal_plugins] install_${name} = 0`,
  );
  return { ...note, severity: "warning", plugin: name };
}
