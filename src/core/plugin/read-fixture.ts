import type { ModuleName } from "../module/paths.ts";
import { type PluginContext, type PluginSource, readPlugin } from "./read.ts";
import type { App, Plugin, Step } from "./types.ts";

export const GENERAL = `[general]
_version = 1.0.0
_summary = a summary
_license = BSD
_url = http://example.org
_maintainer = Me <me@example.org>
_vendor = Us
`;

export function context(module: ModuleName, configurationName = "GENERIC"): PluginContext {
  const paths = {
    module,
    root: "/r",
    home: `/r/modules/${module}`,
    mfext: "/r/modules/mfext",
    runtime: "/rt",
    etc: "/etc",
  };
  const env = { MFMODULE_VERSION: "9.9", MFSERV_NGINX_TIMEOUT: "60", MFDATA_DATA_IN_DIR: "/data/in" };
  return { paths, env, configurationName, layers: [] };
}

export interface Given {
  readonly module?: ModuleName;
  readonly config?: string;
  readonly user?: string;
  readonly source?: Partial<PluginSource>;
  readonly label?: string;
  readonly dependencies?: string;
  readonly configurationName?: string;
  readonly fragments?: ReadonlyMap<string, string>;
}

/** Reads a plugin made of the given texts; `config` stands below a valid [general], which takes the first seven lines. */
export function read(given: Given, general = GENERAL) {
  const module = given.module ?? "mfserv";
  const config = (origin: "package" | "user", file: string, text: string) => ({
    origin,
    file,
    read: { ok: true as const, text },
  });
  const source: PluginSource = {
    home: "/p",
    devlink: false,
    names: ["config.ini"],
    layer: {
      home: "/p",
      label: given.label ?? `plugin_foo@${module}\n`,
      has: new Set(),
      ...(given.dependencies === undefined ? {} : { dependencies: given.dependencies }),
    },
    formatVersion: "1.0.0\n",
    configs: [
      config("package", "/p/config.ini", general + (given.config ?? "")),
      ...(given.user === undefined ? [] : [config("user", "/rt/config/plugins/foo.ini", given.user)]),
    ],
    ...given.source,
  };
  return readPlugin(source, context(module, given.configurationName), given.fragments);
}

export function valid(given: Given): Plugin {
  const plugin = read(given);
  if (!plugin.ok) throw new Error(JSON.stringify(plugin.notes, null, 1));
  return plugin.value;
}

export function part<K extends "app" | "step">(plugin: Plugin): K extends "app" ? App : Step {
  const [found] = plugin.parts;
  if (found === undefined) throw new Error("it has no part");
  return found as K extends "app" ? App : Step;
}

export const app = (lines: string): Given => ({ config: `[app_main]\n${lines}` });
export const step = (lines: string): Given => ({ module: "mfdata", config: `[step_main]\n${lines}` });
export const rules = (lines: string): Given => ({ module: "mfdata", config: lines });
