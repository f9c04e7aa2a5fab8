import { readdirSync } from "node:fs";
import { cp, mkdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CODE } from "../../core/detect/command.ts";
import { type Life, pluginVariables } from "../../core/detect/plugin.ts";
import type { Detected, Facts } from "../../core/detect/types.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { checkPluginName } from "../../core/plugin/name.ts";
import type { TemplateFiles } from "../../core/plugin/template.ts";
import { exists } from "../../kit/fs.ts";
import { defaultAnswers, renderPlugin, writePlugin } from "../plugins/bootstrap.ts";
import { done, type Outcome, problem, reasonOf, refused } from "../plugins/failure.ts";

/** Not hidden, and yet made by tools for this machine alone. */
const LEFT_OUT = ["__pycache__", "venv"];

/** The plugin's name that a directory or a file suggests. */
export function suggestedName({ directory, named }: Facts): string {
  const from = named === undefined ? basename(directory) : named.replace(/\.[^.]*$/, "");
  const name = from
    .replace(/[^A-Za-z0-9_-]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 40);
  return checkPluginName(name) === undefined ? name : `app_${name}`.replace(/_+$/, "");
}

/** The files of the plugin, its code apart. */
export function detectedFiles(
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  detected: Detected,
  life: Life,
): Outcome<TemplateFiles> {
  const bad = checkPluginName(life.name);
  if (bad !== undefined) return refused("name", { ...bad, fix: "choose another: --name NAME" });
  const variables = { ...defaultAnswers(paths), name: life.name, ...pluginVariables(detected, life) };
  const rendered = renderPlugin(paths, env, "_serve", variables);
  return rendered.ok ? done(rendered.value) : { ok: false, why: "failed", notes: rendered.notes };
}

/** Writes the plugin into a new directory; its code is the user's own, by symbolic link. */
export async function writeLinked(
  target: string,
  files: TemplateFiles,
  facts: Facts,
  detected: Detected,
): Promise<void> {
  await writePlugin(target, files);
  const { renamed } = detected;
  if (renamed === undefined) return symlink(facts.directory, join(target, CODE));
  await mkdir(join(target, CODE));
  await symlink(join(facts.directory, renamed.from), join(target, CODE, renamed.to));
}

/** Writes the plugin into a new directory, with a copy of its code: hidden files stay behind. A failure leaves nothing. */
export async function writeCopied(
  target: string,
  files: TemplateFiles,
  facts: Facts,
  detected: Detected,
): Promise<Outcome<void>> {
  if (exists(target))
    return refused("refused", problem("MF3092", `${target} exists already`, "choose another directory"));
  try {
    await mkdir(dirname(target), { recursive: true });
    await writePlugin(target, files);
    await mkdir(join(target, CODE));
    for (const name of detected.only ?? topLevel(facts.directory)) {
      const source = join(facts.directory, name);
      if (source === target) continue;
      const as = detected.renamed?.from === name ? detected.renamed.to : name;
      await cp(source, join(target, CODE, as), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => path !== target && !isLeftOut(basename(path)),
      });
    }
    return done(undefined);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    return refused("failed", problem("MF3114", `${target} could not be written: ${reasonOf(error)}`));
  }
}

function topLevel(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => !isLeftOut(name));
}

/** `node_modules/.bin` is hidden and yet needed. */
function isLeftOut(name: string): boolean {
  return LEFT_OUT.includes(name) || (name.startsWith(".") && name !== ".bin" && name !== ".package-lock.json");
}
