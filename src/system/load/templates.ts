import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads the configuration templates and the Lua files, by path relative to `directory` (`config/nginx.conf.hbs`). */
export function loadTemplates(directory: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const room of ["config", "lua"]) {
    for (const entry of readdirSync(join(directory, room), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      found.set(path.slice(directory.length + 1), readFileSync(path, "utf8"));
    }
  }
  return found;
}
