import { posix } from "node:path";
import type { App, Plugin } from "../../plugin/types.ts";
import type { PlannedFile } from "../types.ts";
import { holdsLocations, withoutLocations } from "./nested.ts";

/** Headers nginx sends to workers and clients; a location that sets one of its own inherits none of them. */
export interface Header {
  readonly name: string;
  /** Already an nginx expression. */
  readonly value: string;
}

/** What a plugin adds to a location, as a file of the tree, and the headers that would be lost by it. */
export interface Addition {
  readonly include: string;
  readonly requestHeaders: readonly Header[];
  readonly replyHeaders: readonly Header[];
}

/** Whether a plugin cannot do without nginx's Lua module. */
export function needsLua(plugin: Plugin): boolean {
  return (
    plugin.nginx.initWorkerLua !== undefined ||
    Object.values(plugin.fragments).some((text) => /_by_lua|\blua_/.test(text))
  );
}

/** Where a fragment stands in the tree: a file of its own, so that it cannot close a block it did not open. */
export function fragmentPath(plugin: Plugin, role: string): string {
  return `nginx/${plugin.name}/${role}.conf`;
}

/** The additions of one app's location. */
export function additionTo(
  app: App,
  plugin: Plugin,
  where: "files" | "worker",
  headers: { readonly request: readonly Header[]; readonly reply: readonly Header[] },
): Addition | undefined {
  const name = where === "files" ? app.nginxStaticFragment : app.nginxFragment;
  const text = name === undefined ? undefined : plugin.fragments[name];
  if (text === undefined) return undefined;
  return {
    include: fragmentPath(plugin, roleOf(app, where)),
    requestHeaders: lost(headers.request, text, "proxy_set_header"),
    replyHeaders: lost(headers.reply, text, "add_header"),
  };
}

/** What an exact location includes of an app's fragment that has locations of its own; undefined: the fragment itself. */
export function exactInclude(app: App, plugin: Plugin): string | undefined {
  const text = app.nginxFragment === undefined ? undefined : plugin.fragments[app.nginxFragment];
  return text !== undefined && holdsLocations(text) ? fragmentPath(plugin, exactRole(app)) : undefined;
}

/** The files of all fragments of the plugins. */
export function fragmentFiles(plugins: readonly Plugin[]): [path: string, file: PlannedFile][] {
  const files: [string, PlannedFile][] = [];
  const add = (plugin: Plugin, role: string, name: string | undefined, edit = (text: string) => text): void => {
    const text = name === undefined ? undefined : plugin.fragments[name];
    if (name === undefined || text === undefined) return;
    const from = { plugin: plugin.name, file: posix.join(plugin.home, name) };
    files.push([fragmentPath(plugin, role), { text: ended(edit(text)) + luaVersion(plugin), mode: 0o600, from }]);
  };
  for (const plugin of plugins) {
    if (plugin.nginxDisabled) continue;
    add(plugin, "http", plugin.nginx.http);
    add(plugin, "server", plugin.nginx.server);
    for (const part of plugin.parts) {
      if (part.kind !== "app") continue;
      add(plugin, roleOf(part, "worker"), part.nginxFragment);
      if (exactInclude(part, plugin) !== undefined) {
        add(plugin, exactRole(part), part.nginxFragment, withoutLocations);
      }
      add(plugin, roleOf(part, "files"), part.nginxStaticFragment);
    }
  }
  return files;
}

function exactRole(app: App): string {
  return `app_${app.name}_exact`;
}

function roleOf(app: App, where: "files" | "worker"): string {
  return where === "files" ? `app_${app.name}_static` : `app_${app.name}`;
}

/** The headers to repeat beside a fragment: all but those it sets itself, when it sets any. */
function lost(headers: readonly Header[], text: string, directive: string): readonly Header[] {
  const set = [...text.matchAll(new RegExp(`\\b${directive}\\s+"?([A-Za-z0-9_-]+)`, "g"))];
  const names = new Set(set.map((match) => match[1]?.toLowerCase()));
  return names.size === 0 ? [] : headers.filter((header) => !names.has(header.name.toLowerCase()));
}

/** nginx reads Lua files once: other ones must change its configuration, or it would not be reloaded. */
function luaVersion({ build, luaDigest }: Plugin): string {
  return luaDigest === undefined ? "" : `# Lua ${build === undefined ? "" : `of build ${build}, `}${luaDigest}\n`;
}

function ended(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
