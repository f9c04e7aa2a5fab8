import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasActiveLine } from "../../core/config/commented.ts";
import { type ModulePaths, pluginConfigFiles } from "../../core/module/paths.ts";
import { overrideTemplate } from "../../core/plugin/override-template.ts";
import { ensureDirectory, readTextFile, writeFileAtomically } from "../../kit/fs.ts";

/**
 * Writes the user's override file of a plugin, with every public key commented out. One in which something is set is kept;
 * the new one then stands beside it as `.ini.new`, if it differs.
 */
export async function prepareOverride(paths: ModulePaths, name: string, home: string): Promise<readonly Diagnostic[]> {
  const files = pluginConfigFiles(paths, name, home);
  const shipped = readTextFile(files.package);
  if (!shipped.ok) return [];
  const text = overrideTemplate(shipped.text, files.package);
  await ensureDirectory(dirname(files.user), 0o755);
  const current = readTextFile(files.user);
  if (!current.ok || !hasActiveLine(current.text)) {
    await writeFileAtomically(files.user, text, 0o644);
    await rm(`${files.user}.new`, { force: true });
    return [];
  }
  await writeFileAtomically(`${files.user}.new`, text, 0o644);
  return [
    {
      code: "MF3083",
      severity: "warning",
      message: `${files.user} sets something and is kept; what the plugin ships now is in ${files.user}.new`,
      at: { file: files.user, line: 1, col: 1, length: 1 },
      fix: "compare the two",
    },
  ];
}

/** Removes the override file of a plugin that goes away, unless the user has set something in it (`always`: even then). */
export async function removeOverride(paths: ModulePaths, name: string, always: boolean): Promise<void> {
  const { user } = pluginConfigFiles(paths, name, "");
  const current = readTextFile(user);
  await rm(`${user}.new`, { force: true });
  if (always || (current.ok && !hasActiveLine(current.text))) await rm(user, { force: true });
}
