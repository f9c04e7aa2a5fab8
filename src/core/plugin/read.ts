import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { failure, hasErrors, type Result, success } from "../base/result.ts";
import { writtenLines } from "../config/written.ts";
import type { ModulePaths } from "../module/paths.ts";
import { buildIdentity, parseMetadata } from "./archive.ts";
import { commandArgv, stepDirectory } from "./command.ts";
import { type ConfigText, mergePluginConfig } from "./config.ts";
import { currentPlugin, pluginEnvironment } from "./environment.ts";
import { withAddresses } from "./host-settings.ts";
import { LAYER_FILES, type LayerSource, readLayer } from "./layer.ts";
import { resolveLayer } from "./layer-resolve.ts";
import { pluginNameOf } from "./name.ts";
import { readSections } from "./sections.ts";
import { renderCrontab, renderFragments, type WantedFragment, wantedFragments } from "./texts.ts";
import type { Layer, Plugin } from "./types.ts";

/** What was read in a plugin's home, and its overrides. */
export interface PluginSource {
  readonly home: string;
  /** Installed as a symlink into a working directory. */
  readonly devlink: boolean;
  /** Names in the home. */
  readonly names: readonly string[];
  readonly layer: LayerSource;
  /** `.plugin_format_version`. */
  readonly formatVersion?: string;
  /** `.metadata.json`, written when an archive is built. */
  readonly metadata?: string;
  /** Those that exist, weakest first. */
  readonly configs: readonly ConfigText[];
  readonly crontab?: string;
}

/** What a plugin's meaning depends on beside itself. */
export interface PluginContext {
  readonly paths: ModulePaths;
  /** The module's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** `MFCONFIG`. */
  readonly configurationName: string;
  /** All layers, other plugins' included, in search order. */
  readonly layers: readonly Layer[];
}

/** A plugin of which only the nginx fragments are still to be read, and the addresses of hosts to be asked for. */
export interface PluginDraft {
  readonly plugin: Plugin;
  readonly wanted: readonly WantedFragment[];
  /** The settings without those of addresses. */
  readonly written: Plugin["settings"];
}

/** Reads a plugin; `fragments` holds the texts of the files its config.ini names, by path relative to the home. */
export function readPlugin(
  source: PluginSource,
  context: PluginContext,
  fragments: ReadonlyMap<string, string> = new Map(),
): Result<Plugin> {
  const draft = draftPlugin(source, context);
  if (!draft.ok) return draft;
  const crontab = source.crontab === undefined ? {} : { crontab: source.crontab };
  const plugin = finishPlugin(draft.value, context, { ...crontab, fragments });
  return { ...plugin, notes: [...draft.notes, ...plugin.notes] };
}

/** Reads everything but the nginx fragments, and says which are wanted. */
export function draftPlugin(source: PluginSource, context: PluginContext): Result<PluginDraft> {
  const identity = readIdentity(source, context);
  if (!identity.ok) return identity;
  const { name, layer } = identity.value;
  const notes: Diagnostic[] = [...identity.notes];
  const resolved = resolveLayer(layer, context.layers);
  if (!resolved.ok) notes.push(...resolved.notes);
  checkFormatVersion(source, notes);

  const variables = templateVariables(
    context.env,
    currentPlugin({ name, label: layer.label, home: source.home }, context.paths),
  );
  const sections = mergePluginConfig(source.configs, source.home, context.configurationName, variables, notes);
  const at = sections.get("general")?.at ?? { file: posix.join(source.home, "config.ini"), line: 1, col: 1, length: 1 };
  if (!sections.has("general") && !hasErrors(notes)) notes.push(noGeneral(at));
  const read = readSections(
    sections,
    {
      plugin: name,
      home: source.home,
      module: context.paths.module,
      stepDirectory: (step) => stepDirectory(name, step, context),
    },
    notes,
  );
  const text = (key: string): string => String(read.general[key] ?? "");
  const plugin: Plugin = {
    name,
    label: layer.label,
    home: source.home,
    ...readVersion(source, text("_version"), text("_release"), notes),
    summary: text("_summary"),
    about: {
      version: text("_version"),
      release: text("_release"),
      license: text("_license"),
      maintainer: text("_maintainer"),
      vendor: text("_vendor"),
      url: text("_url"),
    },
    addToPythonPath: read.general["_add_plugin_dir_to_python_path"] !== false,
    addToLuaPath:
      read.general["_add_plugin_dir_to_lua_path"] === true && source.names.some((file) => file.endsWith(".lua")),
    parts: read.parts,
    rules: read.rules,
    expectations: read.expectations,
    settings: withAddresses(read.settings, new Map()),
    layer,
    crontab: [],
    fragments: {},
    nginx: {
      ...(text("_extra_nginx_http_conf_filename") && { http: text("_extra_nginx_http_conf_filename") }),
      ...(text("_extra_nginx_server_conf_filename") && { server: text("_extra_nginx_server_conf_filename") }),
      ...(text("_extra_nginx_init_worker_by_lua_block_filename") && {
        initWorkerLua: text("_extra_nginx_init_worker_by_lua_block_filename"),
      }),
    },
    nginxDisabled: read.nginxDisabled,
    written: writtenLines(
      sections.values(),
      source.configs.map(({ file }) => file),
    ),
    at,
  };
  checkCommands(plugin, context, notes);
  const named = notes.map((note) => ({ ...note, plugin: name }));
  if (hasErrors(named)) return { ok: false, notes: named };
  return success({ plugin, wanted: wantedFragments(sections.values()), written: read.settings }, named);
}

/** The draft, whose settings say what the name service knows of the hosts they name. */
export function withKnownHosts(draft: PluginDraft, known: ReadonlyMap<string, string>): PluginDraft {
  return { ...draft, plugin: { ...draft.plugin, settings: withAddresses(draft.written, known) } };
}

/** Renders what depends on the plugin's whole environment: its crontab and its nginx fragments. */
export function finishPlugin(
  draft: PluginDraft,
  context: PluginContext,
  texts: { readonly crontab?: string; readonly fragments: ReadonlyMap<string, string> },
): Result<Plugin> {
  const { plugin, wanted } = draft;
  const notes: Diagnostic[] = [];
  const isTemplate = [texts.crontab ?? "", ...texts.fragments.values()].some((text) => /\{[{%#]/.test(text));
  const env = isTemplate
    ? { ...context.env, ...pluginEnvironment(plugin, context.layers, context.env, context.paths) }
    : {};
  const crontab =
    texts.crontab === undefined ? [] : renderCrontab(texts.crontab, posix.join(plugin.home, "crontab"), env, notes);
  const ours = Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("MF")));
  const fragments = renderFragments(wanted, texts.fragments, plugin.home, ours, notes);
  const named = notes.map((note) => ({ ...note, plugin: plugin.name }));
  return hasErrors(named) ? { ok: false, notes: named } : success({ ...plugin, crontab, fragments }, named);
}

const SCRATCH = new WeakMap<PluginContext["env"], Record<string, string>>();

/** The module's environment with the plugin's own variables: one object for all plugins, as copying it is dear. */
function templateVariables(env: PluginContext["env"], own: Readonly<Record<string, string>>) {
  const known = SCRATCH.get(env);
  const variables = known ?? { ...env };
  if (known === undefined) SCRATCH.set(env, variables);
  return Object.assign(variables, own);
}

function readIdentity(source: PluginSource, context: PluginContext): Result<{ name: string; layer: Layer }> {
  const layer = readLayer(source.layer, context.env);
  if (!layer.ok) return layer;
  const file = posix.join(source.home, LAYER_FILES.label);
  const at = { file, line: 1, col: 1, length: Math.max(1, layer.value.label.length) };
  const named = pluginNameOf(layer.value.label, context.paths.module, at);
  return "note" in named ? failure(named.note) : success({ name: named.name, layer: layer.value }, layer.notes);
}

function checkFormatVersion(source: PluginSource, notes: Diagnostic[]): void {
  const written = source.formatVersion?.trim();
  if (written !== undefined && written.split(".").length >= 3) return;
  notes.push({
    code: "MF3007",
    severity: "error",
    message:
      written === undefined
        ? "the plugin has no .plugin_format_version: it was made for MetWork before 1.0"
        : `${JSON.stringify(written)} is not a version of the plugin format`,
    at: {
      file: posix.join(source.home, ".plugin_format_version"),
      line: 1,
      col: 1,
      length: Math.max(1, written?.length ?? 1),
    },
    fix: "adapt the plugin, then write `1.0.0` into that file",
  });
}

function readVersion(
  source: PluginSource,
  version: string,
  release: string,
  notes: Diagnostic[],
): Pick<Plugin, "version" | "release" | "build"> {
  if (source.devlink) return { version: "dev_link", release: "dev_link" };
  if (source.metadata === undefined) return { version, release };
  const metadata = parseMetadata(source.metadata);
  if (metadata === undefined) {
    notes.push({
      code: "MF3008",
      severity: "warning",
      message: "the plugin's .metadata.json cannot be read",
      at: { file: posix.join(source.home, ".metadata.json"), line: 1, col: 1, length: 1 },
      fix: "install the plugin again",
    });
    return { version, release };
  }
  const build = createHash("sha256")
    .update(metadata.digest ?? buildIdentity(metadata))
    .digest("hex")
    .slice(0, 16);
  return { version: metadata.version ?? version, release: metadata.release ?? release, build };
}

function checkCommands(plugin: Plugin, context: PluginContext, notes: Diagnostic[]): void {
  for (const part of plugin.parts) {
    if (part.instances > 0) notes.push(...commandArgv(part, plugin, context).notes);
  }
}

function noGeneral(at: Span): Diagnostic {
  return {
    code: "MF3020",
    severity: "error",
    message: "the plugin has no [general] section",
    at,
    fix: "add [general] with _version, _summary, _license, _url, _maintainer and _vendor",
  };
}
