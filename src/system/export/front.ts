import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, type Result, success } from "../../core/base/result.ts";
import { type Exported, frontDirectory, type WebFront } from "../../core/export/types.ts";
import { staticDirectory } from "../../core/plan/nginx/routes.ts";
import type { App, Part, Plugin } from "../../core/plugin/types.ts";
import { exists } from "../../kit/fs.ts";

/** Seconds a service has to end. */
export const GRACE_S = 70;
const WEB_FRONT = "layers/core/bin/web_front";
const SYSTEM_PATH = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/** An app without a process, whose files are there. */
export function isFiles(part: Part, plugin: Plugin): boolean {
  return part.kind === "app" && part.command === "" && exists(staticDirectory(part, plugin));
}

/** What an nginx of its own is told of an app whose process, if there is one, does not speak HTTP. */
export function frontOf(app: App, plugin: Plugin): WebFront | undefined {
  const text = (file: string | undefined): string => (file === undefined ? "" : (plugin.fragments[file] ?? ""));
  if (app.gateway === "fastcgi") {
    return { php: true, root: join(plugin.home, app.name), location: "/", fragment: text(app.nginxFragment) };
  }
  if (app.command !== "") return undefined;
  const root = staticDirectory(app, plugin);
  return { php: false, root, location: `${app.staticUrlPrefix}/`, fragment: text(app.nginxStaticFragment) };
}

/** A service that is an nginx of its own, and php-fpm behind it. */
export function fronted(
  front: WebFront,
  env: Readonly<Record<string, string>>,
  common: Pick<Exported, "name" | "description" | "directory" | "user">,
  root: string,
  listen: string,
): Result<Exported> {
  if (listen.startsWith("/")) return failure(needsPort(common.name));
  const missing = [...(front.php ? ["php-fpm"] : []), "nginx"].find((name) => programOf(name) === undefined);
  if (missing !== undefined) return failure(noProgram(missing));
  const php = front.php ? ["php", common.name] : [];
  const argv = [join(root, WEB_FRONT), `${frontDirectory(common.name)}/nginx.conf`, ...php] as const;
  const path = pathOf(root, ["core", "php"], env["PATH"]);
  return success({
    ...common,
    argv: [...argv],
    env: { ...env, PATH: path },
    listen,
    inherits: false,
    stopSignal: "QUIT",
    graceS: GRACE_S,
    front,
  });
}

/** php-fpm has its version in its name. */
function programOf(name: string): string | undefined {
  const places = SYSTEM_PATH.filter((directory) => exists(directory));
  const isIt = (file: string): boolean => file === name || (name === "php-fpm" && /^php-fpm[\d.]*$/.test(file));
  return places.flatMap((directory) => readdirSync(directory)).find(isIt);
}

/** The programs of these layers, then the system's. */
export function pathOf(root: string, layers: readonly string[], rest = SYSTEM_PATH.join(":")): string {
  return [...layers.map((layer) => join(root, "layers", layer, "bin")), rest].join(":");
}

function needsPort(name: string): Diagnostic {
  const message = `${name} is served by an nginx of its own, which listens on a port here`;
  return { code: "MF3120", severity: "error", message, fix: "say --listen HOST:PORT" };
}

export function noProgram(name: string): Diagnostic {
  const message = `the program ${name} is not on this machine, so its path is not known`;
  return { code: "MF3122", severity: "error", message, fix: "install it" };
}
