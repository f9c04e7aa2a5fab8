import { rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, pluginsDirectory } from "../../core/module/paths.ts";
import { nameCollisions } from "../../core/plugin/collisions.ts";
import { dangersOf } from "../../core/plugin/dangers.ts";
import { LAYER_FILES } from "../../core/plugin/layer.ts";
import { checkPluginName, pluginLabel, pluginNameOf } from "../../core/plugin/name.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { exchange } from "../../kit/linux/exchange.ts";
import { readLayerFiles } from "../load/layers.ts";
import { loadPlugin, loadPlugins } from "../load/plugins.ts";
import { buildArchive } from "./build.ts";
import { done, type Outcome, problem, reasonOf, refused } from "./failure.ts";
import { findInstalled, type InstalledPlugin, labelOf } from "./installed.ts";
import { prepareOverride } from "./override-file.ts";
import { hasPostinstall, runPostinstall } from "./postinstall.ts";
import { installPythonPackages } from "./python.ts";
import { unpackArchive } from "./unpack.ts";
import { changePlugins, type Workspace } from "./workspace.ts";

type Env = Readonly<Record<string, string>>;

export interface InstallOptions {
  /** Replace an installed plugin of the same name. */
  readonly force?: boolean;
  /** Install it under this name instead of its own. */
  readonly newName?: string;
  /** Milliseconds to wait for another command that installs or removes a plugin; 10,000 by default. */
  readonly waitMs?: number;
}

/**
 * Installs a plugin from a `.plugin` archive or from its directory. It is unpacked beside the installed ones, checked
 * wholly, and put in its place in one step; whatever goes wrong, all is as it was.
 */
export async function installPlugin(
  paths: ModulePaths,
  env: Env,
  source: string,
  options: InstallOptions = {},
): Promise<Outcome<Plugin>> {
  const badName = options.newName === undefined ? undefined : checkPluginName(options.newName);
  if (badName !== undefined) return refused("name", badName);
  return await changePlugins(
    paths,
    async (workspace) => {
      const unpacked = await unpackSource(workspace, paths, env, source);
      if (!unpacked.ok) return unpacked;
      const home = unpacked.value;
      const named = await nameIt(home, paths, options.newName, source);
      if (!named.ok) return named;
      const old = findInstalled(paths, named.value);
      if (old !== undefined && options.force !== true) return refused("refused", alreadyThere(old));
      const checked = await check(home, named.value, paths, env, source);
      if (!checked.ok) return checked;
      const target = old?.home ?? join(pluginsDirectory(paths), named.value);
      const lacking = await installPythonPackages(home, target, paths, env);
      if (lacking.length > 0) return refused("failed", ...lacking.map((note) => inSource(note, home, source)));
      return await putInPlace(home, checked.value, target, old, paths, env, checked.notes);
    },
    options.waitMs,
  );
}

async function unpackSource(
  workspace: Workspace,
  paths: ModulePaths,
  env: Env,
  source: string,
): Promise<Outcome<string>> {
  const home = await workspace.directory();
  let archive = source;
  try {
    if ((await stat(source)).isDirectory()) {
      const built = await buildArchive(paths, env, source, await workspace.directory());
      if (!built.ok) return built;
      archive = built.value;
    }
  } catch (error) {
    const fix = "give a `.plugin` file or a plugin's directory";
    return refused("refused", problem("MF3082", `${source} cannot be read: ${reasonOf(error)}`, fix));
  }
  const unpacked = await unpackArchive(archive, home);
  return unpacked.ok ? done(home) : unpacked;
}

/** Takes the name from the label, or writes the new one into it. */
async function nameIt(
  home: string,
  paths: ModulePaths,
  newName: string | undefined,
  source: string,
): Promise<Outcome<string>> {
  const at = { file: join(source, LAYER_FILES.label), line: 1, col: 1, length: 1 };
  const label = labelOf(home);
  if (label === undefined) {
    return refused("refused", problem("MF3003", `${source} holds no ${LAYER_FILES.label}: it is not a plugin`));
  }
  const named = pluginNameOf(label, paths.module, at);
  if ("note" in named) return refused("refused", named.note);
  if (newName === undefined) return done(named.name);
  await writeFile(join(home, LAYER_FILES.label), `${pluginLabel(newName, paths.module)}\n`);
  return done(newName);
}

/** Reads the plugin as it will be read when it is installed. */
async function check(
  home: string,
  name: string,
  paths: ModulePaths,
  env: Env,
  source: string,
): Promise<Outcome<Plugin>> {
  const read = await loadPlugin(home, paths, env);
  const notes = read.notes.map((note) => inSource(note, home, source));
  if (!read.ok) return { ok: false, why: "refused", notes };
  const others = (await loadPlugins(paths, env)).plugins.filter((plugin) => plugin.name !== name);
  const collisions = nameCollisions([...others, read.value]).filter((note) => note.plugin === name);
  if (collisions.length > 0) return refused("refused", ...collisions.map((note) => inSource(note, home, source)));
  const dangers = dangersOf(read.value).map((note) => inSource(note, home, source));
  return { ok: true, value: read.value, notes: [...notes, ...dangers] };
}

/** The temporary place of a plugin means nothing to a reader: name its file in the source instead. */
function inSource(note: Diagnostic, home: string, source: string): Diagnostic {
  if (note.at === undefined || !note.at.file.startsWith(`${home}/`)) return note;
  return { ...note, at: { ...note.at, file: join(source, note.at.file.slice(home.length + 1)) } };
}

async function putInPlace(
  home: string,
  unpacked: Plugin,
  target: string,
  old: InstalledPlugin | undefined,
  paths: ModulePaths,
  env: Env,
  notes: readonly Diagnostic[],
): Promise<Outcome<Plugin>> {
  const layer = { ...unpacked.layer, home: target, has: readLayerFiles(home).has };
  const plugin: Plugin = { ...unpacked, home: target, layer };
  try {
    if (old === undefined) await rename(home, target);
    else exchange(home, target);
  } catch (error) {
    return refused("failed", problem("MF3085", `${target} cannot be written: ${reasonOf(error)}`));
  }
  const failed = hasPostinstall(target) ? await runPostinstall(plugin, paths, env) : undefined;
  if (failed !== undefined) {
    if (old === undefined) await rename(target, home);
    else exchange(home, target);
    return refused("failed", failed);
  }
  const offered = paths.otherPlugins === undefined ? await prepareOverride(paths, plugin.name, target) : [];
  return done(plugin, [...notes, ...offered]);
}

function alreadyThere(old: InstalledPlugin): Diagnostic {
  const how = old.devlink ? "as a link to a working directory" : `in ${old.home}`;
  return problem(
    "MF3086",
    `the plugin ${old.name} is already installed ${how}`,
    `replace it with --force, or uninstall it first: plugins.uninstall ${old.name}`,
  );
}
