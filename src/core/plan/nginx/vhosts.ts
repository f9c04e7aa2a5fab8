import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { byText } from "../../base/order.ts";
import type { Host } from "../../module/host.ts";
import type { App, Plugin } from "../../plugin/types.ts";
import { appsOf, isMainApp, type Route } from "./routes.ts";

/** A server of its own for one app. */
export interface VirtualServer {
  readonly names: readonly string[];
  readonly routes: readonly Route[];
}

/** The virtual domains of all apps, sorted, each name given to the first who asks for it. */
export function virtualServers(
  plugins: readonly Plugin[],
  host: Host,
): { servers: readonly VirtualServer[]; notes: readonly Diagnostic[] } {
  const owners = new Map<string, { plugin: Plugin; app: App }>();
  const servers: VirtualServer[] = [];
  const notes: Diagnostic[] = [];
  for (const plugin of plugins) {
    for (const app of appsOf(plugin).filter((candidate) => candidate.virtualDomainRouting)) {
      const names: string[] = [];
      for (const name of namesOf(app, plugin, host)) {
        const owner = owners.get(name);
        if (owner === undefined) names.push(name);
        else notes.push(takenName(name, { plugin, app }, owner));
        owners.set(name, owner ?? { plugin, app });
      }
      if (names.length > 0) servers.push({ names, routes: routesOf(app, plugin) });
    }
  }
  return { servers: servers.sort((a, b) => byText(a.names[0] ?? "", b.names[0] ?? "")), notes };
}

function namesOf(app: App, plugin: Plugin, host: Host): string[] {
  const own = [`${app.name}.${plugin.name}`, ...(isMainApp(app, plugin) ? [plugin.name] : [])];
  const hosts = [host.name, host.fullName, "localhost"];
  const names = own.flatMap((name) => hosts.map((suffix) => `${name}.${suffix}`));
  return [...new Set([...names, ...app.extraVhosts].map((name) => name.toLowerCase()))].sort(byText);
}

function routesOf(app: App, plugin: Plugin): Route[] {
  const below = posix.join("/", app.staticUrlPrefix).replace(/(.)\/+$/, "$1");
  const files: Route = { path: below, serve: "files", plugin, app, at: app.at };
  const worker: Route = { path: "/", serve: "worker", plugin, app, at: app.at };
  const routes = [...(app.staticRouting ? [files] : []), ...(app.instances > 0 ? [worker] : [])];
  return routes.filter((route, index) => routes.findIndex((other) => other.path === route.path) === index);
}

function takenName(name: string, claim: { plugin: Plugin; app: App }, owner: { plugin: Plugin; app: App }): Diagnostic {
  const at = claim.app.keys["virtualdomain_based_routing_extra_vhosts"] ?? claim.app.at;
  return {
    code: "MF4014",
    severity: "warning",
    plugin: claim.plugin.name,
    message: `plugin ${claim.plugin.name} does not get the domain ${name}: plugin ${owner.plugin.name} has it already`,
    at,
    related: [{ at: owner.app.at, message: "taken by" }],
    fix: "take the domain out of one of the two",
  };
}
