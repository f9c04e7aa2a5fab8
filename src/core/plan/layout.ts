import { type ModulePaths, type RuntimeLayout, runtimeLayout } from "../module/paths.ts";

const KNOWN = new WeakMap<ModulePaths, RuntimeLayout>();

/** The layout of a module's runtime home, made once: planning asks for it for every part of every plugin. */
export function layoutOf(paths: ModulePaths): RuntimeLayout {
  const known = KNOWN.get(paths) ?? runtimeLayout(paths.runtime);
  KNOWN.set(paths, known);
  return known;
}
