import { rename, rm, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { done, type Outcome, problem, refused } from "./failure.ts";
import { findInstalled, type InstalledPlugin } from "./installed.ts";
import { removeOverride } from "./override-file.ts";
import { changePlugins } from "./workspace.ts";

/**
 * Uninstalls a plugin, valid or not; of one installed as a link only the link goes. The user's overrides stay when
 * something is set in them. `clean` removes these too, and the plugin's temporary directory.
 */
export async function uninstallPlugin(
  paths: ModulePaths,
  nameOrPath: string,
  options: { readonly clean?: boolean } = {},
): Promise<Outcome<InstalledPlugin>> {
  const name = basename(nameOrPath);
  return await changePlugins(paths, async (workspace) => {
    const installed = findInstalled(paths, name);
    if (installed === undefined) return refused("refused", notInstalled(name));
    if (installed.devlink) await unlink(installed.home);
    else await rename(installed.home, join(await workspace.directory(), name));
    if (paths.otherPlugins === undefined) await removeOverride(paths, name, options.clean === true);
    if (options.clean === true) {
      await rm(join(runtimeLayout(paths.runtime).tmp, name), { recursive: true, force: true });
    }
    return done(installed);
  });
}

export function notInstalled(name: string) {
  return problem("MF3087", `the plugin ${JSON.stringify(name)} is not installed`, "see `plugins.list`");
}
