import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, type Result } from "../../core/base/result.ts";
import { type ModulePaths, pluginConfigFiles, pluginsDirectory, runtimeLayout } from "../../core/module/paths.ts";
import { needsLua } from "../../core/plan/nginx/fragments.ts";
import { nameCollisions } from "../../core/plugin/collisions.ts";
import type { ConfigText } from "../../core/plugin/config.ts";
import { hostsOf } from "../../core/plugin/host-settings.ts";
import { LAYER_FILES, readLayer } from "../../core/plugin/layer.ts";
import { pluginNameOf } from "../../core/plugin/name.ts";
import {
  draftPlugin,
  finishPlugin,
  type PluginContext,
  type PluginSource,
  withKnownHosts,
} from "../../core/plugin/read.ts";
import type { Layer, Plugin } from "../../core/plugin/types.ts";
import { listDirectory, readTextFile } from "../../kit/fs.ts";
import { addressesOf } from "../host/addresses.ts";
import { readCode } from "./code.ts";
import { loadLayers, readLayerFiles } from "./layers.ts";

export { loadLayers } from "./layers.ts";

type Env = Readonly<Record<string, string>>;

/** A plugin that is installed but cannot be used, and why. */
export interface BrokenPlugin {
  /** From its label, else its directory's name. */
  readonly name: string;
  readonly home: string;
  readonly notes: readonly Diagnostic[];
}

export interface LoadedPlugins {
  /** Usable ones, sorted by name. */
  readonly plugins: readonly Plugin[];
  readonly broken: readonly BrokenPlugin[];
  /** Warnings about usable ones. */
  readonly notes: readonly Diagnostic[];
  /** Files and directories whose change may change the above, existing or not. */
  readonly inputs: readonly string[];
}

/** What was read in a plugin's directory, and the name it goes by. */
interface Found {
  readonly name: string;
  readonly source: PluginSource;
}

/** Reads every installed plugin. One that is broken is set aside with the reasons; the others are not touched by it. */
export async function loadPlugins(paths: ModulePaths, env: Env): Promise<LoadedPlugins> {
  const directory = pluginsDirectory(paths);
  const overrides = findOverrides(paths);
  const listed = listDirectory(directory);
  const found = (listed.ok ? listed.entries : [])
    .filter((entry) => entry.name !== "base" && !entry.name.startsWith(".") && entry.kind !== "file")
    .map((entry) => findPlugin(join(directory, entry.name), entry.name, entry.kind === "link", paths, env, overrides));
  const context = await contextFor(found, paths, env);

  const inputs = [...overrides.directories];
  const notes: Diagnostic[] = [];
  const broken: BrokenPlugin[] = [];
  const plugins = new Map<string, Plugin>();
  const completed = await completePlugins(
    found.map(({ source }) => source),
    context,
    inputs,
  );
  for (const [index, { name, source }] of found.entries()) {
    const read = withCode(completed[index] ?? failure(), source, inputs);
    const twin = read.ok ? plugins.get(read.value.name) : undefined;
    if (twin !== undefined) broken.push({ name, home: source.home, notes: [twinNote(name, source.home, twin)] });
    else if (read.ok) {
      plugins.set(read.value.name, read.value);
      notes.push(...read.notes);
    } else broken.push({ name, home: source.home, notes: read.notes.map((note) => ({ ...note, plugin: name })) });
  }
  const sorted = [...plugins.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const collisions = nameCollisions(sorted);
  const usable = sorted.filter((plugin) => {
    const mine = collisions.filter((note) => note.plugin === plugin.name);
    if (mine.length > 0) broken.push({ name: plugin.name, home: plugin.home, notes: mine });
    return mine.length === 0;
  });
  return { plugins: usable, broken, notes, inputs };
}

/** Reads one plugin, installed or not, with the overrides of its name. Its layers may be those of installed plugins. */
export async function loadPlugin(home: string, paths: ModulePaths, env: Env, devlink = false) {
  const installed = pluginsDirectory(paths);
  const listed = listDirectory(installed);
  const neighbours = (listed.ok ? listed.entries : [])
    .filter((entry) => entry.kind !== "file" && join(installed, entry.name) !== home)
    .map((entry) => findPlugin(join(installed, entry.name), entry.name, false, paths, env, NO_OVERRIDES));
  const own = findPlugin(home, home, devlink, paths, env, findOverrides(paths));
  const context = await contextFor([own, ...neighbours], paths, env);
  const [read] = await completePlugins([own.source], context, []);
  return read ?? failure();
}

async function contextFor(found: readonly Found[], paths: ModulePaths, env: Env): Promise<PluginContext> {
  const installed = await loadLayers(paths, env);
  const ofPlugins = found.flatMap(({ source }): readonly Layer[] => {
    const layer = readLayer(source.layer, env);
    return layer.ok ? [layer.value] : [];
  });
  const configurationName = env["MFCONFIG"] || "GENERIC";
  return { paths, env, configurationName, layers: [...ofPlugins, ...installed.layers] };
}

/** Reads what was found; the hosts that all of them name are asked for together. */
async function completePlugins(sources: readonly PluginSource[], context: PluginContext, inputs: string[]) {
  const drafts = sources.map((source) => ({ source, draft: draftPlugin(source, context) }));
  const known = await addressesOf(drafts.flatMap(({ draft }) => (draft.ok ? hostsOf(draft.value.written) : [])));
  return drafts.map(({ source, draft }) =>
    completePlugin(source, draft.ok ? { ...draft, value: withKnownHosts(draft.value, known) } : draft, context, inputs),
  );
}

function completePlugin(
  source: PluginSource,
  draft: ReturnType<typeof draftPlugin>,
  context: PluginContext,
  inputs: string[],
): Result<Plugin> {
  for (const name of WATCHED) inputs.push(join(source.home, name));
  if (!draft.ok) return draft;
  const fragments = new Map<string, string>();
  for (const { path } of draft.value.wanted) {
    const file = join(source.home, path);
    inputs.push(file);
    const read = readTextFile(file);
    if (read.ok) fragments.set(path, withIncludes(read.text, source.home, context.paths, inputs));
  }
  const crontab = source.crontab === undefined ? {} : { crontab: source.crontab };
  const plugin = finishPlugin(draft.value, context, { ...crontab, fragments });
  const notes = [...draft.notes, ...plugin.notes];
  if (!plugin.ok || !needsLua(plugin.value)) return { ...plugin, notes };
  return { ...plugin, notes, value: { ...plugin.value, luaDigest: digestOfLua(source, inputs) } };
}

const INCLUDE = /\{%-?\s*include\s+(['"])(?<file>[^'"]+)\1\s*-?%\}/g;
const DEEPEST_INCLUDE = 8;

/** Puts the files that a fragment includes into it: of the plugin, else of the module. One that is nowhere is left to the template engine. */
function withIncludes(text: string, home: string, paths: ModulePaths, inputs: string[], depth = 0): string {
  if (depth === DEEPEST_INCLUDE) return text;
  return text.replace(INCLUDE, (whole, _quote, file: string) => {
    for (const directory of [home, join(paths.home, "config"), join(paths.home, "share")]) {
      const path = join(directory, file);
      const read = readTextFile(path);
      if (!read.ok) continue;
      inputs.push(path);
      return withIncludes(read.text.replace(/\n$/, ""), home, paths, inputs, depth + 1);
    }
    inputs.push(join(home, file));
    return whole;
  });
}

/** What is linked into a working directory runs what is saved there: its code is an input like its configuration. */
function withCode(read: Result<Plugin>, { home, devlink }: PluginSource, inputs: string[]) {
  if (!read.ok || !devlink) return read;
  const code = readCode(home, new Set([...WATCHED, ...Object.keys(read.value.fragments)]));
  if (code === undefined) return read;
  inputs.push(...code.inputs);
  return { ...read, value: { ...read.value, build: code.digest } };
}

/** Packages for other languages, and large. */
const NO_LUA = new Set(["node_modules", "local"]);

/** Of what `require` finds in the plugin's home: a new file counts once one that was there requires it. */
function digestOfLua({ home }: PluginSource, inputs: string[]): string {
  const hash = createHash("sha256");
  for (const name of luaIn(home)) {
    const file = join(home, name);
    inputs.push(file);
    const read = readTextFile(file);
    hash.update(`${name}\0${read.ok ? read.text : ""}\0`);
  }
  return hash.digest("hex").slice(0, 16);
}

function luaIn(home: string, directory = ""): readonly string[] {
  const listed = listDirectory(join(home, directory));
  const entries = listed.ok ? listed.entries : [];
  const found = entries.flatMap(({ name, kind }) => {
    const path = join(directory, name);
    if (kind !== "directory") return name.endsWith(".lua") ? [path] : [];
    return name.startsWith(".") || NO_LUA.has(name) ? [] : luaIn(home, path);
  });
  return found.sort();
}

const WATCHED = [
  "config.ini",
  "crontab",
  ".plugin_format_version",
  ".metadata.json",
  LAYER_FILES.label,
  LAYER_FILES.dependencies,
  LAYER_FILES.extraEnv,
];

function findPlugin(
  home: string,
  directoryName: string,
  devlink: boolean,
  paths: ModulePaths,
  env: Env,
  overrides: Overrides,
): Found {
  const listed = listDirectory(home);
  const entries = listed.ok ? listed.entries : [];
  const present = new Set(entries.map((entry) => entry.name));
  const layer = readLayerFiles(home, entries);
  const identity = readLayer(layer, env);
  const at = { file: join(home, LAYER_FILES.label), line: 1, col: 1, length: 1 };
  const named = identity.ok ? pluginNameOf(identity.value.label, paths.module, at) : undefined;
  const name = named !== undefined && "name" in named ? named.name : directoryName;
  const text = (file: string): string | undefined => {
    const read = present.has(file) ? readTextFile(join(home, file)) : undefined;
    return read?.ok ? read.text : undefined;
  };
  const crontab = text("crontab");
  const formatVersion = text(".plugin_format_version");
  const metadata = devlink ? undefined : text(".metadata.json");
  return {
    name,
    source: {
      home,
      devlink,
      names: [...present],
      layer,
      configs: readConfigs(paths, name, home, present.has("config.ini"), overrides),
      ...(crontab === undefined ? {} : { crontab }),
      ...(formatVersion === undefined ? {} : { formatVersion }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

/** The names in the directories of overrides, so that 1,000 plugins need not ask for 2,000 files that do not exist. */
interface Overrides {
  readonly directories: readonly string[];
  readonly user: ReadonlySet<string>;
  readonly site: ReadonlySet<string>;
}

const NO_OVERRIDES: Overrides = { directories: [], user: new Set(), site: new Set() };

function findOverrides(paths: ModulePaths): Overrides {
  const names = (directory: string): ReadonlySet<string> => {
    const listed = listDirectory(directory);
    return new Set(listed.ok ? listed.entries.map((entry) => entry.name) : []);
  };
  const user = runtimeLayout(paths.runtime).pluginOverrides;
  const site = join(paths.etc, "metwork.config.d", paths.module, "plugins");
  return { directories: [user, site], user: names(user), site: names(site) };
}

function readConfigs(
  paths: ModulePaths,
  name: string,
  home: string,
  hasPackage: boolean,
  overrides: Overrides,
): readonly ConfigText[] {
  const files = pluginConfigFiles(paths, name, home);
  const exists = {
    package: hasPackage,
    user: overrides.user.has(`${name}.ini`),
    site: overrides.site.has(`${name}.ini`),
  };
  return (["package", "user", "site"] as const)
    .filter((origin) => exists[origin])
    .map((origin) => ({ origin, file: files[origin], read: readTextFile(files[origin]) }));
}

function twinNote(name: string, home: string, twin: Plugin): Diagnostic {
  return {
    code: "MF3009",
    severity: "error",
    message: `${home} and ${twin.home} are both labelled ${twin.label}`,
    at: { file: join(home, LAYER_FILES.label), line: 1, col: 1, length: twin.label.length },
    fix: "uninstall one of them",
    plugin: name,
  };
}
