import type { Diagnostic } from "../base/diagnostic.ts";
import type { Plugin } from "./types.ts";

/** What of a plugin reaches beyond itself, for who installs it: settings of the whole nginx, debugging, others' addresses. */
export function dangersOf(plugin: Plugin): readonly Diagnostic[] {
  const warning = (message: string, at: Diagnostic["at"], fix: string): Diagnostic => ({
    code: "MF3126",
    severity: "warning",
    plugin: plugin.name,
    message: `${plugin.name} ${message}`,
    ...(at === undefined ? {} : { at }),
    fix,
  });
  const files = Object.values(plugin.nginx).filter((path) => path !== undefined);
  const fragments = files.map((path) =>
    warning(
      `adds ${path} to nginx itself, where it concerns all plugins`,
      { file: `${plugin.home}/${path}`, line: 1, col: 1, length: 1 },
      "read that file",
    ),
  );
  const parts = plugin.parts.flatMap((part) => {
    const notes: Diagnostic[] = [];
    if (part.debug) notes.push(warning(`runs ${part.name} in debug mode`, part.keys["debug"], "set debug = 0"));
    if (part.kind !== "app") return notes;
    for (const route of part.extraRoutes) {
      const at = part.keys["prefix_based_routing_extra_routes"];
      notes.push(warning(`takes ${route} besides its own addresses`, at, "see that no other plugin is meant by it"));
    }
    return notes;
  });
  return [...fragments, ...parts];
}
