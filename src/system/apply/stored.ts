import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, type Result, success } from "../../core/base/result.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { isAsPlanned } from "../../core/plan/manifest.ts";
import type { Manifest, Plan, PlannedFile } from "../../core/plan/types.ts";
import { exists } from "../../kit/fs.ts";

/** The ids of the generations on disk, whole or not, the one used last first. */
export async function storedGenerations(layout: RuntimeLayout): Promise<readonly string[]> {
  const names = (await readdir(layout.generations).catch(() => [])).filter((name) => !name.startsWith("."));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await lstat(join(layout.generations, name))).mtimeMs })),
  );
  return aged.sort((a, b) => b.at - a.at).map(({ name }) => name);
}

/** Finds the stored generation whose id begins with `word`; says which there are when it is none or several. */
export async function findStored(layout: RuntimeLayout, word: string): Promise<Result<string>> {
  const stored = await storedGenerations(layout);
  const fitting = stored.filter((id) => id === word || (word.length >= 4 && id.startsWith(word)));
  const [id, ...others] = fitting;
  if (id !== undefined && others.length === 0) return success(id);
  return failure({
    code: "MF5050",
    severity: "error",
    message:
      id === undefined
        ? `there is no stored generation ${word}`
        : `${word} may be any of the generations ${fitting.join(", ")}`,
    fix: stored.length === 0 ? "nothing was applied yet" : `stored: ${stored.join(", ")}; see \`metwork history\``,
  });
}

/** Reads a stored generation back as the plan it was made of. Refused when any of its files is not as it was planned. */
export async function readStored(layout: RuntimeLayout, id: string): Promise<Result<Plan>> {
  const home = join(layout.generations, id);
  const manifest = await readManifestOf(home);
  if (manifest === undefined || manifest.id !== id) return failure(damaged(id, join(home, "manifest.json")));
  const tree = new Map<string, PlannedFile>();
  const notes: Diagnostic[] = [];
  for (const path of Object.keys(manifest.files)) {
    const file = join(home, path);
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined || !isAsPlanned(manifest, path, text)) notes.push(damaged(id, file));
    else tree.set(path, { text, mode: (await lstat(file)).mode & 0o777, ...(path === "nginx.conf" && NGINX) });
  }
  if (notes.length > 0) return failure(...notes);
  return success({
    id,
    tree,
    digests: manifest.files,
    directories: manifest.directories ?? [],
    environments: manifest.environments,
    services: manifest.services,
    sources: manifest.sources ?? {},
    ...(manifest.logs === undefined ? {} : { logs: manifest.logs }),
    ...(manifest.owners === undefined ? {} : { owners: manifest.owners }),
  });
}

const NGINX = { check: "nginx" } as const;

/** What a stored generation runs and is not installed any more: only its configuration is kept, not the plugins' code. */
export function missingHomes({ services }: Plan): readonly Diagnostic[] {
  const gone = new Map<string, string>();
  for (const { plugin, cwd } of Object.values(services)) {
    if (plugin !== undefined && !exists(cwd)) gone.set(plugin, cwd);
  }
  return [...gone].map(([plugin, home]) => ({
    code: "MF5053",
    severity: "error",
    plugin,
    message: `the generation runs plugin ${plugin}, which is not installed any more: ${home} is gone`,
    fix: "install it again, or go to another generation",
  }));
}

async function readManifestOf(home: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(home, "manifest.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

function damaged(id: string, file: string): Diagnostic {
  return {
    code: "MF5051",
    severity: "error",
    message: `the stored generation ${id} is damaged: ${file} is not what was generated`,
    at: { file, line: 1, col: 1, length: 1 },
    fix: "go to another generation, or `metwork apply` to generate what the configuration says",
  };
}
