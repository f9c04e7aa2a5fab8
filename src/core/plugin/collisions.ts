import type { Diagnostic } from "../base/diagnostic.ts";
import { sectionOf } from "./command.ts";
import type { Part, Plugin } from "./types.ts";

/**
 * Finds parts whose sockets and logs would be the same file, because names are joined with `_`: app `c` of plugin `a_b`
 * and app `b_c` of plugin `a`. The later one, by plugin name, is in error.
 */
export function nameCollisions(plugins: readonly Plugin[]): readonly Diagnostic[] {
  const owners = new Map<string, { plugin: Plugin; part: Part }>();
  const notes: Diagnostic[] = [];
  for (const plugin of plugins) {
    for (const part of plugin.parts) {
      const name = fileName(plugin, part);
      const owner = owners.get(name);
      if (owner === undefined) owners.set(name, { plugin, part });
      else if (owner.plugin !== plugin) notes.push(collision(name, plugin, part, owner));
    }
  }
  return notes;
}

function fileName(plugin: Plugin, part: Part): string {
  return `${part.kind === "daemon" ? "extra" : part.kind}_${plugin.name}_${part.name}`;
}

function collision(name: string, plugin: Plugin, part: Part, owner: { plugin: Plugin; part: Part }): Diagnostic {
  return {
    code: "MF3070",
    severity: "error",
    message: `[${sectionOf(part)}] of ${plugin.name} and [${sectionOf(owner.part)}] of ${owner.plugin.name} would share the files ${name}.*`,
    at: part.at,
    fix: "rename one of the parts, or install one of the plugins under another name (--new-name)",
    plugin: plugin.name,
    related: [{ at: owner.part.at, message: "the other one" }],
  };
}
