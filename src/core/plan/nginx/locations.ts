import { posix } from "node:path";
import type { App, Plugin } from "../../plugin/types.ts";
import { additionTo, exactInclude, type Header } from "./fragments.ts";
import { type Route, staticDirectory } from "./routes.ts";
import type { WebSettings } from "./settings.ts";

/** One `location` as the template writes it. */
export interface LocationView {
  /** `^~`: no regular expression of a fragment comes before it. */
  readonly modifier: "= " | "^~ " | "";
  readonly path: string;
  readonly plugin: string;
  readonly app: string;
  readonly redirect: string | undefined;
  readonly alias: string | undefined;
  readonly pass: string | undefined;
  readonly fastcgi: { readonly upstream: string; readonly root: string } | undefined;
  /** Only where it differs from the module's. */
  readonly timeout: string | undefined;
  readonly requestHeaders: readonly Header[];
  readonly replyHeaders: readonly Header[];
  readonly include: string | undefined;
}

/** The name of an app's group of sockets, in nginx and in its logs. */
export function upstreamName(app: App, plugin: Plugin): string {
  return `app.${plugin.name}.${app.name}`;
}

/**
 * Two locations for a path: itself, and what is below it, so that `/foo` never catches `/foobar`. Prefix and exact
 * locations are found in a tree; regular expressions, as the predecessor had them, are tried one by one.
 */
export function locationsOf(route: Route, settings: WebSettings): LocationView[] {
  const { path, app, plugin } = route;
  const served = route.serve === "files" ? files(route, settings) : worker(app, plugin, settings);
  if (path === "/") return [{ ...served, modifier: "", path: "/" }];
  const below: LocationView = { ...served, modifier: "^~ ", path: `${path}/` };
  const exact: LocationView = { ...served, modifier: "= ", path };
  if (route.serve === "worker") return [{ ...exact, include: exactInclude(app, plugin) ?? exact.include }, below];
  return app.staticUrlPrefix === ""
    ? [{ ...exact, alias: undefined, include: undefined, redirect: redirectTo(`${path}/`) }, below]
    : [below];
}

/** Already nginx's: the query goes along. */
function redirectTo(path: string): string {
  const safe = encodeURI(path).replace(/["\\$]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
  return `"${safe}$is_args$args"`;
}

function files({ app, plugin }: Route, settings: WebSettings): LocationView {
  const addition = additionTo(app, plugin, "files", settings.headers);
  return {
    ...nothing(app, plugin),
    alias: staticDirectory(app, plugin),
    replyHeaders: [],
    requestHeaders: [],
    ...addition,
  };
}

function worker(app: App, plugin: Plugin, settings: WebSettings): LocationView {
  const upstream = upstreamName(app, plugin);
  const fastcgi = app.gateway === "fastcgi";
  return {
    ...nothing(app, plugin),
    pass: fastcgi ? undefined : `http://${upstream}`,
    fastcgi: fastcgi ? { upstream, root: `${posix.join(plugin.home, app.name)}/` } : undefined,
    timeout: app.timeoutS > 0 && app.timeoutS !== settings.timeoutS ? `${app.timeoutS}s` : undefined,
    ...additionTo(app, plugin, "worker", settings.headers),
  };
}

function nothing(app: App, plugin: Plugin): LocationView {
  return {
    modifier: "",
    path: "/",
    plugin: plugin.name,
    app: app.name,
    redirect: undefined,
    alias: undefined,
    pass: undefined,
    fastcgi: undefined,
    timeout: undefined,
    requestHeaders: [],
    replyHeaders: [],
    include: undefined,
  };
}
