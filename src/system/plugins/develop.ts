import { realpathSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { hasErrors } from "../../core/base/result.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { dangersOf } from "../../core/plugin/dangers.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { readLayerFiles } from "../load/layers.ts";
import { loadPlugin } from "../load/plugins.ts";
import { done, type Outcome, problem, refused } from "./failure.ts";
import { findInstalled } from "./installed.ts";
import { hasPostinstall, runPostinstall } from "./postinstall.ts";
import { installPythonPackages } from "./python.ts";
import { changePlugins } from "./workspace.ts";

export interface Developed {
  readonly name: string;
  /** It was linked before. */
  readonly already: boolean;
}

/** Installs a working directory as a link to it, so that an edit is all it takes. A broken plugin is not linked. */
export async function developPlugin(
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  directory: string,
): Promise<Outcome<Developed>> {
  const checked = await loadPlugin(directory, paths, env, true);
  if (!checked.ok) return { ok: false, why: "refused", notes: checked.notes };
  const { name } = checked.value;
  const place = realpathSync(directory);
  return await changePlugins<Developed>(paths, async () => {
    const lacking = await installPythonPackages(place, place, paths, env);
    if (lacking.length > 0) return refused("failed", ...lacking);
    const old = findInstalled(paths, name);
    if (old !== undefined) {
      if (leadsTo(old.home, directory)) return done({ name, already: true }, checked.notes);
      const fix = `uninstall it first: plugins.uninstall ${name}`;
      return refused("name", problem("MF3086", `the plugin ${name} is already installed in ${old.home}`, fix));
    }
    const home = join(runtimeLayout(paths.runtime).plugins, name);
    await symlink(place, home);
    const layer = { ...checked.value.layer, home, has: readLayerFiles(place).has };
    const plugin: Plugin = { ...checked.value, home, layer };
    const failed = hasPostinstall(home) ? await runPostinstall(plugin, paths, env) : undefined;
    // The link stays: the developer is about to correct the program.
    const notes = [...checked.notes, ...dangersOf(checked.value), ...(failed === undefined ? [] : [failed])];
    return hasErrors(notes) ? { ok: false, why: "failed", notes } : done({ name, already: false }, notes);
  });
}

function leadsTo(link: string, directory: string): boolean {
  try {
    return realpathSync(link) === realpathSync(directory);
  } catch {
    return false;
  }
}
