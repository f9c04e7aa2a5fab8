import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ModulePaths } from "../../core/module/paths.ts";
import { run } from "../../kit/exec.ts";
import { exchange } from "../../kit/linux/exchange.ts";
import { done, type Outcome, problem, refused } from "./failure.ts";
import { findInstalled, type InstalledPlugin } from "./installed.ts";
import { changePlugins } from "./workspace.ts";

/** The version of a plugin that is installed now, to come back to. */
export interface Kept {
  /** Puts it in its place again. */
  restore(): Promise<Outcome<string>>;
  discard(): Promise<void>;
}

const LINK_MS = 60_000;

/** The plugin that can be swapped: installed, and not as a link to a working directory. */
export function swappable(paths: ModulePaths, name: string): Outcome<InstalledPlugin> {
  const old = findInstalled(paths, name);
  if (old === undefined)
    return refused("refused", problem("MF3087", `the plugin ${name} is not installed`, "plugins.install it"));
  if (!old.devlink) return done(old);
  const message = `the plugin ${name} is a link to a working directory`;
  return refused("refused", problem("MF3087", message, "an edit there is swapped in by itself"));
}

/** Keeps an installed version, its files linked and not copied. Fails when the file system can't link. */
export async function keepInstalled(paths: ModulePaths, { name, home }: InstalledPlugin): Promise<Outcome<Kept>> {
  const copy = join(dirname(home), `.${basename(home)}.${process.pid}.kept`);
  const discard = () => rm(copy, { recursive: true, force: true });
  await discard();
  const linked = await run(["cp", "-al", "--", home, copy], { timeoutMs: LINK_MS });
  if (linked.code !== 0) {
    await discard();
    return refused("failed", problem("MF3085", `${home} could not be kept: ${linked.stderr.trim()}`));
  }
  const restore = (): Promise<Outcome<string>> =>
    changePlugins(paths, async () => {
      exchange(copy, home);
      return done(name);
    });
  return done({ restore, discard });
}
