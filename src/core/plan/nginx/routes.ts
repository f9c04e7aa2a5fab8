import { posix } from "node:path";
import type { Diagnostic, Span } from "../../base/diagnostic.ts";
import { byText, sortedRecord } from "../../base/order.ts";
import type { App, Plugin } from "../../plugin/types.ts";
import { isPlainText } from "../quote/nginx.ts";
import type { Owners } from "../types.ts";

/** What a path of the main server leads to. */
export interface Route {
  /** Without trailing slash, except `/` itself. */
  readonly path: string;
  readonly serve: "files" | "worker";
  readonly plugin: Plugin;
  readonly app: App;
  readonly at: Span;
}

/**
 * Gives every path to the plugin that has it so far, if it still asks for it, else to the first who asks, plugins by name,
 * apps as written, and reports who does not get it.
 * The longest matching path wins a request, whoever owns it; paths are compared segment by segment.
 */
export function planRoutes(
  plugins: readonly Plugin[],
  owners: Owners["paths"] = {},
): { routes: readonly Route[]; owners: Owners["paths"]; notes: readonly Diagnostic[] } {
  const claims = plugins.flatMap((plugin) => (plugin.nginxDisabled ? [] : claimsOf(plugin)));
  const taken = firstOrOwner(
    claims.filter(({ path }) => isPlainText(path)),
    ({ path }) => path,
    owners,
  );
  const notes = claims.flatMap((claim) => {
    const owner = taken.get(claim.path);
    if (owner === undefined) return [unwritableRoute(claim)];
    return owner.plugin === claim.plugin ? [] : [takenRoute(claim, owner)];
  });
  const routes = [...taken.values()].filter((route) => !coveredByParent(route, taken));
  return { routes: routes.sort((a, b) => byText(a.path, b.path)), owners: namesOfOwners(taken), notes };
}

/** Who gets each address: the plugin that has it so far, if it asks again, else who asks first. */
export function firstOrOwner<Claim extends { readonly plugin: Plugin }>(
  claims: readonly Claim[],
  addressOf: (claim: Claim) => string,
  owners: Readonly<Record<string, string>>,
): ReadonlyMap<string, Claim> {
  const taken = new Map<string, Claim>();
  for (const claim of claims) {
    const address = addressOf(claim);
    const rival = taken.get(address);
    const owner = owners[address];
    if (rival === undefined || (claim.plugin.name === owner && rival.plugin.name !== owner)) taken.set(address, claim);
  }
  return taken;
}

/** What is remembered of it. */
export function namesOfOwners(
  taken: ReadonlyMap<string, { readonly plugin: Plugin }>,
): Readonly<Record<string, string>> {
  return sortedRecord(Object.fromEntries([...taken].map(([address, { plugin }]) => [address, plugin.name])));
}

/** The app whose addresses may leave its own name out: `main`, or the only one. */
export function isMainApp(app: App, plugin: Plugin): boolean {
  return app.name === "main" || appsOf(plugin).length === 1;
}

export function appsOf(plugin: Plugin): readonly App[] {
  return plugin.parts.filter((part) => part.kind === "app");
}

/** The directory an app's static files are in, with a trailing slash; it cannot lead out of the plugin. */
export function staticDirectory(app: App, plugin: Plugin): string {
  const below = posix.join("/", app.name, posix.join("/", app.staticDirectory));
  return posix.join(plugin.home, below).replace(/\/*$/, "/");
}

/** In the predecessor's order: declared addresses of all apps, then the short ones and the extra routes. */
function claimsOf(plugin: Plugin): Route[] {
  const apps = appsOf(plugin).filter((app) => app.prefixRouting);
  const declared = apps.flatMap((app) => claims(app, plugin, `/${plugin.name}/${app.name}`, app.at));
  const aliases = apps.flatMap((app) => {
    const short = isMainApp(app, plugin) ? claims(app, plugin, `/${plugin.name}`, app.at) : [];
    const place = app.keys["prefix_based_routing_extra_routes"] ?? app.at;
    return [...short, ...app.extraRoutes.flatMap((route) => claims(app, plugin, route, place))];
  });
  return [...declared, ...aliases];
}

function claims(app: App, plugin: Plugin, prefix: string, at: Span): Route[] {
  const made: Route[] = [];
  const base = { plugin, app, at };
  if (app.staticRouting) made.push({ ...base, path: joined(prefix, app.staticUrlPrefix), serve: "files" });
  if (app.instances > 0) made.push({ ...base, path: joined(prefix, ""), serve: "worker" });
  return made;
}

function joined(prefix: string, below: string): string {
  return posix.join("/", prefix, below).replace(/(.)\/+$/, "$1");
}

/** `/foo/main` needs no location of its own when `/foo` leads to the same workers in the same way. */
function coveredByParent(route: Route, routes: ReadonlyMap<string, Route>): boolean {
  if (route.serve !== "worker") return false;
  for (let path = posix.dirname(route.path); path !== "/"; path = posix.dirname(path)) {
    const parent = routes.get(path);
    if (parent !== undefined) return parent.serve === "worker" && parent.app === route.app;
  }
  return false;
}

function takenRoute(claim: Route, owner: Route): Diagnostic {
  return {
    code: "MF4010",
    severity: "warning",
    plugin: claim.plugin.name,
    message: `plugin ${claim.plugin.name} does not get ${claim.path}: plugin ${owner.plugin.name} has it already`,
    at: claim.at,
    related: [{ at: owner.at, message: "taken here" }],
    fix: "take the route out of one of the two",
  };
}

function unwritableRoute(claim: Route): Diagnostic {
  return {
    code: "MF4011",
    severity: "warning",
    plugin: claim.plugin.name,
    message: `plugin ${claim.plugin.name} does not get ${JSON.stringify(claim.path)}: nginx cannot hold such a path`,
    at: claim.at,
    fix: "leave out `$` and control characters",
  };
}
