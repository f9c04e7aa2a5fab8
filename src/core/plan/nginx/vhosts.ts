import { posix } from "node:path";
import type { Diagnostic, Span } from "../../base/diagnostic.ts";
import { byText } from "../../base/order.ts";
import type { Host } from "../../module/host.ts";
import type { App, Plugin } from "../../plugin/types.ts";
import type { Owners } from "../types.ts";
import { appsOf, firstOrOwner, isMainApp, namesOfOwners, type Route } from "./routes.ts";

/** A server of its own for one app. */
export interface VirtualServer {
  readonly names: readonly string[];
  readonly routes: readonly Route[];
}

interface Claim {
  readonly plugin: Plugin;
  readonly app: App;
  readonly name: string;
}

/** The virtual domains of all apps, sorted, each name given to the plugin that has it so far, else to the first who asks. */
export function virtualServers(
  plugins: readonly Plugin[],
  host: Host,
  owners: Owners["domains"] = {},
): { servers: readonly VirtualServer[]; owners: Owners["domains"]; notes: readonly Diagnostic[] } {
  const claims = plugins.flatMap((plugin) =>
    appsOf(plugin)
      .filter((app) => app.virtualDomainRouting)
      .flatMap((app) => namesOf(app, plugin, host).map((name): Claim => ({ plugin, app, name }))),
  );
  const taken = firstOrOwner(claims, ({ name }) => name, owners);
  const named = new Map<App, string[]>();
  const notes: Diagnostic[] = [];
  for (const claim of claims) {
    const owner = taken.get(claim.name);
    if (owner === claim) named.set(claim.app, [...(named.get(claim.app) ?? []), claim.name]);
    else if (owner !== undefined) notes.push(takenName(claim, owner));
  }
  const servers = plugins.flatMap((plugin) =>
    appsOf(plugin).flatMap((app) => {
      const names = named.get(app);
      return names === undefined ? [] : [{ names, routes: routesOf(app, plugin) }];
    }),
  );
  return {
    servers: servers.sort((a, b) => byText(a.names[0] ?? "", b.names[0] ?? "")),
    owners: namesOfOwners(taken),
    notes,
  };
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

function takenName(claim: Claim, owner: Claim): Diagnostic {
  return {
    code: "MF4014",
    severity: "warning",
    plugin: claim.plugin.name,
    message: `plugin ${claim.plugin.name} does not get the domain ${claim.name}: plugin ${owner.plugin.name} has it already`,
    at: placeOf(claim),
    related: [{ at: placeOf(owner), message: "taken here" }],
    fix: "take the domain out of one of the two",
  };
}

function placeOf({ app, name }: Claim): Span {
  const isExtra = app.extraVhosts.some((extra) => extra.toLowerCase() === name);
  return (isExtra ? app.keys["virtualdomain_based_routing_extra_vhosts"] : undefined) ?? app.at;
}
