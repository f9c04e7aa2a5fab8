import { dirname, join } from "node:path";
import { configurationName } from "../../../core/config/name.ts";
import { MODULE_DIALECT, PLUGIN_DIALECT } from "../../../core/ini/dialects.ts";
import type { Dialect } from "../../../core/ini/types.ts";
import { configFiles, type ModulePaths, runtimeLayout } from "../../../core/module/paths.ts";
import { listDirectory, readTextFile } from "../../../kit/fs.ts";
import { readIni } from "../../load/ini.ts";
import type { VariantFacts } from "../types.ts";

/** The configuration's name, and the names that `key[NAME] = ...` lines of all configuration files wait for. */
export function gatherVariants(
  paths: ModulePaths,
  env: Readonly<Record<string, string | undefined>> = process.env,
): VariantFacts {
  const file = join(paths.etc, "metwork.config");
  const read = readTextFile(file);
  const { name, fromFile } = configurationName(env, read.ok ? read.text : undefined);
  const used = new Map<string, string>();
  for (const [path, dialect] of filesOf(paths)) {
    for (const { variant, keyAt } of readIni(path, dialect)?.entries ?? []) {
      const known = variant?.toUpperCase();
      if (known !== undefined && !used.has(known)) used.set(known, `${keyAt.file}:${keyAt.line}:${keyAt.col}`);
    }
  }
  const isThere = read.ok || read.reason !== "missing";
  return {
    file,
    present: isThere && !read.ok ? { ok: false, reason: read.message } : { ok: true, value: isThere },
    name,
    fromFile,
    used,
  };
}

function filesOf(paths: ModulePaths): readonly (readonly [string, Dialect])[] {
  const layout = runtimeLayout(paths.runtime);
  const { package: shipped, user, site } = configFiles(paths);
  const names = (directory: string): readonly string[] => {
    const listed = listDirectory(directory);
    return listed.ok ? listed.entries.map((entry) => entry.name) : [];
  };
  const overrides = [layout.pluginOverrides, join(dirname(site), "plugins")].flatMap((directory) =>
    names(directory)
      .filter((name) => name.endsWith(".ini"))
      .map((name) => join(directory, name)),
  );
  const plugins = names(layout.plugins).map((name) => join(layout.plugins, name, "config.ini"));
  return [
    ...[shipped, user, site].map((path) => [path, MODULE_DIALECT] as const),
    ...[...overrides, ...plugins].map((path) => [path, PLUGIN_DIALECT] as const),
  ];
}
