import { accessSync, constants, realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Result } from "../../core/base/result.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { checkPluginName } from "../../core/plugin/name.ts";
import { renderTemplate, type TemplateFile, type TemplateFiles } from "../../core/plugin/template.ts";
import { exists, listDirectory, readTextFile } from "../../kit/fs.ts";
import { done, type Outcome, problem, refused } from "./failure.ts";

/** Names of the templates of a module, sorted. */
export function listTemplates(paths: ModulePaths): readonly string[] {
  const listed = listDirectory(templatesOf(paths));
  const names = listed.ok ? listed.entries.filter((entry) => entry.kind !== "file").map((entry) => entry.name) : [];
  return names.filter((name) => !/^[._]/.test(name));
}

/** What a template may be told beside the plugin's name. */
export interface Answers {
  readonly version: string;
  readonly release: string;
  readonly one_line_summary: string;
  readonly license: string;
  readonly url: string;
  readonly maintainer: string;
  readonly vendor: string;
}

/** What is answered when nobody is asked. */
export function defaultAnswers(paths: ModulePaths): Answers {
  const mfserv = paths.module === "mfserv";
  return {
    version: mfserv ? "0.0.1" : "{{MFMODULE_VERSION}}",
    release: "1",
    one_line_summary: mfserv ? "one line summary" : "one line summary about your plugin",
    license: "Proprietary",
    url: "http://yourpluginhomepage",
    maintainer: "Firstname FAMILYNAME <email>",
    vendor: mfserv ? "Vendor" : "MetWork",
  };
}

/** Refuses what `createPlugin` would, before anybody is asked anything. */
export function checkCreation(paths: ModulePaths, template: string, name: string, target: string): Outcome<void> {
  const templates = listTemplates(paths);
  if (!templates.includes(template)) {
    const fix = `templates of ${paths.module}: ${templates.join(", ")}`;
    return refused("refused", problem("MF3091", `there is no template ${JSON.stringify(template)}`, fix));
  }
  const note = checkPluginName(name);
  if (note !== undefined) return refused("name", note);
  if (exists(target)) return refused("refused", problem("MF3092", `${target} exists already`, "choose another name"));
  return done(undefined);
}

/** Creates the directory of a new plugin from a template. */
export async function createPlugin(
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  template: string,
  name: string,
  target: string,
  answers: Answers,
): Promise<Outcome<readonly string[]>> {
  const checked = checkCreation(paths, template, name, target);
  if (!checked.ok) return checked;
  const rendered = renderPlugin(paths, env, template, { ...answers, name });
  if (!rendered.ok) return { ok: false, why: "failed", notes: rendered.notes };
  await writePlugin(target, rendered.value);
  return done([...rendered.value.keys()].sort());
}

/** The files a template makes; `variables` are the answers, the plugin's name and what the template alone knows. */
export function renderPlugin(
  paths: ModulePaths,
  env: Readonly<Record<string, string>>,
  template: string,
  variables: Readonly<Record<string, string>>,
): Result<TemplateFiles> {
  const directory = templatesOf(paths);
  return renderTemplate(readFiles(join(directory, template)), readFiles(join(directory, "_common")), {
    ...variables,
    module: paths.module,
    MFMODULE_VERSION: env["MFMODULE_VERSION"] ?? "unknown",
  });
}

/** Writes a plugin's files into a new directory. */
export async function writePlugin(target: string, files: TemplateFiles): Promise<void> {
  await mkdir(target, { mode: 0o755 });
  for (const [path, file] of files) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), file.text, { mode: file.executable ? 0o755 : 0o644, flag: "wx" });
  }
}

function templatesOf(paths: ModulePaths): string {
  return join(paths.home, "share", "templates", "plugins");
}

function readFiles(directory: string): TemplateFiles {
  const files = new Map<string, TemplateFile>();
  const walk = (inside: string): void => {
    const listed = listDirectory(join(directory, inside));
    for (const entry of listed.ok ? listed.entries : []) {
      const path = join(inside, entry.name);
      const read = entry.kind === "directory" ? undefined : readTextFile(join(directory, path));
      if (read === undefined) walk(path);
      else if (read.ok) files.set(path, { text: read.text, executable: isExecutable(join(directory, path)) });
    }
  };
  if (exists(directory)) walk("");
  return files;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(realpathSync(path), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
