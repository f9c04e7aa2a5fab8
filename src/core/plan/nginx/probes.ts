import type { Span } from "../../base/diagnostic.ts";
import type { App, Plugin } from "../../plugin/types.ts";
import type { PlanInput } from "../input.ts";
import { planRoutes } from "./routes.ts";
import { webSettings } from "./settings.ts";
import { virtualServers } from "./vhosts.ts";

/** The longest wait for the first answer of an app that names no time of its own, in seconds. */
const PATIENCE_S = 10;

/** A request that shows whether an app serves through nginx. */
export interface AppProbe {
  readonly plugin: string;
  /** The id of the app's service. */
  readonly service: string;
  readonly path: string;
  /** The `Host` header: an app may have no address but a domain of its own. */
  readonly host: string;
  /** What must be answered; absent: anything the app itself says. */
  readonly expected?: { readonly status: number; readonly body: string };
  readonly timeoutS: number;
  /** The line to look at when it fails. */
  readonly at: Span;
}

/** Where nginx listens for everybody; undefined when it listens nowhere. */
export function probeTarget(input: PlanInput): { readonly port: number; readonly tls: boolean } | undefined {
  const { ports, https } = webSettings(input);
  const port = ports[0];
  if (port !== undefined) return { port, tls: false };
  return https === undefined ? undefined : { port: https.port, tls: true };
}

/** The probes of the given app services; an app that no address leads to has none. */
export function appProbes(input: PlanInput, services: ReadonlySet<string>): readonly AppProbe[] {
  const enabled = input.plugins.filter((plugin) => !plugin.nginxDisabled);
  const paths = new Map<App, string>();
  for (const { app, path, serve } of planRoutes(enabled, input.owners?.paths).routes) {
    if (serve === "worker" && !paths.has(app)) paths.set(app, path === "/" ? path : `${path}/`);
  }
  const hosts = new Map<App, string>();
  for (const { names, routes } of virtualServers(enabled, input.host, input.owners?.domains).servers) {
    const name = names.find((one) => !one.startsWith("*"));
    if (name !== undefined) for (const { app } of routes) hosts.set(app, name);
  }
  return enabled.flatMap((plugin) =>
    plugin.parts.flatMap((part): AppProbe[] => {
      const service = `app.${plugin.name}.${part.name}`;
      if (part.kind !== "app" || !services.has(service)) return [];
      const host = paths.has(part) ? "127.0.0.1" : hosts.get(part);
      return host === undefined ? [] : [probe(part, plugin, service, host, paths.get(part) ?? "/")];
    }),
  );
}

function probe(app: App, plugin: Plugin, service: string, host: string, path: string): AppProbe {
  const base = { plugin: plugin.name, service, host };
  if (app.test === undefined) return { ...base, path: encodeURI(path), timeoutS: PATIENCE_S, at: app.at };
  const { endpoint, status, body, timeoutS } = app.test;
  const at = app.keys["_http_test_endpoint"] ?? app.at;
  const rooted = endpoint.startsWith("/") ? endpoint : `/${endpoint}`;
  return { ...base, path: encodeURI(rooted), expected: { status, body }, timeoutS: Math.max(1, timeoutS), at };
}
