import type { Layer } from "./types.ts";

type Env = Readonly<Record<string, string>>;

/** Which sub-paths of a layer extend which variable; of those that exist the last one ends up first in the variable. */
const CONTRIBUTIONS: readonly (readonly [variable: string, paths: readonly string[]])[] = [
  ["NODE_PATH", ["node_modules", "lib/node_modules", "local/lib/node_modules"]],
  ["PATH", ["node_modules/.bin", "lib/node_modules/.bin", "local/lib/node_modules/.bin", "bin", "local/bin"]],
  ["PYTHONPATH", ["lib", "local/lib"]],
  ["LD_LIBRARY_PATH", ["lib", "local/lib"]],
  ["PKG_CONFIG_PATH", ["lib/pkgconfig", "local/lib/pkgconfig"]],
];

const SITE_PACKAGES = /^(?:local\/)?lib\/python(?<version>3\.\d+)\/site-packages$/;

/** True for a directory, relative to a layer's home, that a layer may contribute to a variable. */
export function isContribution(path: string): boolean {
  return SITE_PACKAGES.test(path) || CONTRIBUTIONS.some(([, paths]) => paths.includes(path));
}

/**
 * Applies layers, first one first, to an environment (format: layerapi2). Returns only the variables that were set.
 * A path that is already in a variable moves to its front. `PYTHON3_SHORT_VERSION`, when set, selects the site-packages.
 */
export function layerEnvironment(order: readonly Layer[], base: Env): Record<string, string> {
  const set: Record<string, string> = {};
  const get = (name: string): string => set[name] ?? base[name] ?? "";
  for (const layer of order) {
    for (const [variable, paths] of CONTRIBUTIONS) {
      for (const path of paths) {
        if (layer.has.has(path)) set[variable] = prepend(get(variable), `${layer.home}/${path}`);
      }
      if (variable === "PYTHONPATH") {
        for (const path of sitePackages(layer, get("PYTHON3_SHORT_VERSION"))) {
          set[variable] = prepend(get(variable), `${layer.home}/${path}`);
        }
      }
    }
    for (const [name, value] of layer.extraEnv) {
      set[name] = value.includes("{") ? value.replace(/\{([A-Za-z0-9_]+)\}/g, (_, other: string) => get(other)) : value;
    }
  }
  return set;
}

/** Puts an entry at the front of a `:` list, once. */
export function prepend(list: string, entry: string): string {
  if (list === "") return entry;
  if (list === entry || list.startsWith(`${entry}:`)) return list;
  return [entry, ...list.split(":").filter((other) => other !== entry && other !== "")].join(":");
}

function sitePackages(layer: Layer, version: string): readonly string[] {
  const paths: string[] = [];
  for (const path of layer.has) {
    const found = path.startsWith("lib/") || path.startsWith("local/") ? SITE_PACKAGES.exec(path) : null;
    if (found !== null && (version === "" || found.groups?.["version"] === version)) paths.push(path);
  }
  return paths.sort();
}
