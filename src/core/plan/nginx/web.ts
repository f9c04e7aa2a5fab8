import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { flagOf, numberOf, optionalTextOf, textOf } from "../../config/access.ts";
import type { RuntimeLayout } from "../../module/paths.ts";
import type { Plugin } from "../../plugin/types.ts";
import { type Admitted, type RunningPart, socketPath } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { SERVED_ID } from "../manifest.ts";
import { type Piece, piece } from "../piece.ts";
import { nginxWord } from "../quote/nginx.ts";
import { renderer } from "../render.ts";
import { extraLog } from "./extra-log.ts";
import { fragmentFiles, fragmentPath } from "./fragments.ts";
import { keptOf, oldNginx } from "./kept.ts";
import { locationsOf, upstreamName } from "./locations.ts";
import { luaFiles, luaView } from "./lua.ts";
import { appsOf, planRoutes, type Route, staticDirectory } from "./routes.ts";
import { nginxPiece } from "./service.ts";
import { FORWARDED, webSettings } from "./settings.ts";
import { virtualServers } from "./vhosts.ts";

/** What a load balancer is told in which state of the module; the first that is there counts. */
const HEALTH_STATES = [
  { word: "RUNNING", reply: "200 OK" },
  ...["STARTING", "STOPPING", "ERROR"].map((word) => ({ word, reply: `503 ${word}` })),
];

/** The web server of mfserv: routes in front, workers behind. */
export function planWeb(input: PlanInput, admitted: Admitted): Piece {
  if (!flagOf(input.config, "nginx.flag")) return piece({});
  const layout = layoutOf(input.paths);
  const settings = webSettings(input);
  const extra = extraLog(admitted.plugins.filter((plugin) => !plugin.nginxDisabled));
  const enabled = extra.plugins;
  const routed = planRoutes(enabled, input.owners?.paths);
  const virtual = virtualServers(enabled, input.host, input.owners?.domains);
  const https = settings.https === undefined ? [] : [`${settings.https.port} ssl`];
  const listens = [...settings.ports.map(String), ...https].map((listen) => settings.address + listen);
  const reserved = [
    "/status",
    "/uuid",
    "/__upstream_status",
    ...(settings.health === undefined ? [] : [settings.health]),
  ];
  const wanted = routed.routes.flatMap((route) => locationsOf(route, settings));
  const locations = wanted.filter(({ modifier, path }) => modifier !== "= " || !reserved.includes(path));
  const hidden = routed.routes.filter(({ path }) => reserved.includes(path)).map(reservedRoute);
  const servers = [
    {
      main: true,
      listen: listens.map((listen) => `${listen} default_server backlog=4096`),
      names: ["127.0.0.1"],
      locations,
    },
    ...virtual.servers.map((server) => ({
      main: false,
      listen: listens,
      names: server.names,
      locations: server.routes.flatMap((route) => locationsOf(route, settings)),
    })),
  ];
  const lua = luaView(input, enabled, servers.flatMap((server) => server.locations).length);
  const view = {
    ...commonView(input, layout),
    ...settings,
    forwarded: FORWARDED,
    tls: settings.https?.lines ?? [],
    requestHeaders: settings.headers.request,
    replyHeaders: settings.headers.reply,
    ignoreClientAbort: onOff(input, "nginx.proxy_ignore_client_abort"),
    portInRedirect: onOff(input, "nginx.port_in_redirect"),
    extraLog: extra.formats.length > 0,
    extraVariables: extra.variables,
    logFormats: extra.formats.length > 0 ? extra.formats : [{ name: "metwork", members: "" }],
    fastcgi: enabled.some((plugin) => appsOf(plugin).some((app) => app.gateway === "fastcgi")),
    fallback: !routed.routes.some((route) => route.path === "/"),
    welcome: welcomePage(enabled),
    servers: listens.length === 0 ? [] : servers,
    upstreams: upstreams(admitted, layout),
    zoneKiB: zoneKiB(admitted),
    kept: keptOf(input.programs),
    httpFragments: enabled
      .filter((plugin) => plugin.nginx.http !== undefined)
      .map((plugin) => fragmentPath(plugin, "http")),
    serverFragments: enabled
      .filter((plugin) => plugin.nginx.server !== undefined)
      .map((plugin) => fragmentPath(plugin, "server")),
    modules: lua === undefined ? [] : input.programs.nginxModules,
    healthStates: HEALTH_STATES.map((state) => ({ ...state, file: `${layout.health}/${state.word}` })),
    healthLog: flagOf(input.config, "nginx.health_access_log"),
    uuidFile: layout.uuid,
    upstreamsUrl: `http://unix:${layout.upstreamsSocket}`,
    lua,
  };
  const text = renderer(input.templates, nginxWord)("mfserv/nginx.conf.hbs", view);
  const web = nginxPiece(input, {
    files: [
      ["nginx.conf", { text, mode: 0o600, check: "nginx" }],
      ["mime.types", { text: mimeTypes(input), mode: 0o640 }],
      ...fragmentFiles(enabled),
      ...(lua === undefined ? [] : luaFiles(input, enabled, [])),
    ],
    directories: [{ path: textOf(input.config, "nginx.clientbody_temp_path"), mode: 0o700 }],
    notes: [...extra.notes, ...routed.notes, ...hidden, ...virtual.notes, ...oldNginx(input.programs)],
  });
  return { ...web, owners: { paths: routed.owners, domains: virtual.owners } };
}

/** What the templates of all modules need. */
export function commonView(input: PlanInput, layout: RuntimeLayout) {
  const { config, programs, host } = input;
  return {
    generation: SERVED_ID,
    modules: programs.nginxModules,
    asRoot: host.uid === 0,
    workers: Math.max(1, numberOf(config, "nginx.workers")),
    pid: layout.nginxPid,
    errorLevel: textOf(config, "log.minimal_level") === "DEBUG" ? "debug" : "error",
    logging: flagOf(config, "nginx.logging"),
    accessLog: `${layout.log}/nginx_access.log`,
    accessSyslog: accessSyslog(config),
    bodyLimitMb: numberOf(config, "nginx.upload_max_body_size"),
    bodyDirectory: textOf(config, "nginx.clientbody_temp_path"),
    temporary: ["proxy", "fastcgi", "uwsgi", "scgi"].map((name) => ({
      directive: `${name}_temp_path`,
      path: `${layout.tmp}/nginx/${name}`,
    })),
    controlSocket: `unix:${layout.nginxSocket}`,
    serverTokens: config.values.has("nginx.server_tokens") ? onOff(input, "nginx.server_tokens") : "off",
  };
}

/** Where the access log goes too, once there is a server for logs. */
function accessSyslog(config: PlanInput["config"]): string | undefined {
  if (optionalTextOf(config, "admin.hostname") === undefined || !flagOf(config, "admin.send_nginx_logs"))
    return undefined;
  return `syslog:server=127.0.0.1:${numberOf(config, "vector.nginxlog_port")},tag=nginx,nohostname`;
}

export function mimeTypes(input: PlanInput): string {
  const text = input.templates.get("config/mime.types");
  if (text === undefined) throw new Error("there is no template config/mime.types");
  return text;
}

function upstreams(admitted: Admitted, layout: RuntimeLayout) {
  return admitted.running.flatMap((running) => {
    const { part, plugin } = running;
    if (part.kind !== "app" || plugin.nginxDisabled) return [];
    return [{ name: upstreamName(part, plugin), servers: sockets(running, layout) }];
  });
}

function sockets(running: RunningPart, layout: RuntimeLayout): string[] {
  const path = socketPath(running, layout);
  return Array.from(
    { length: running.part.instances },
    (_, index) => `unix:${path.replace("{instance}", String(index + 1))}`,
  );
}

/** Shared by all nginx workers, so that they see each other's connections: about 1 KiB a socket, 0.5 a group. */
function zoneKiB(admitted: Admitted): number {
  const peers = admitted.running.reduce((sum, { part }) => sum + (part.kind === "app" ? part.instances + 1 : 0), 0);
  return 256 + 2 * peers;
}

/** The page that also answers for unknown addresses, when the plugin that brings it is installed. */
function welcomePage(plugins: readonly Plugin[]): { readonly root: string } | undefined {
  const plugin = plugins.find((candidate) => candidate.name === "welcome");
  const app = plugin === undefined ? undefined : appsOf(plugin)[0];
  return plugin === undefined || app === undefined
    ? undefined
    : { root: posix.dirname(`${staticDirectory(app, plugin)}x`) };
}

function onOff(input: PlanInput, name: string): "on" | "off" {
  return flagOf(input.config, name) ? "on" : "off";
}

function reservedRoute({ plugin, path, at }: Route): Diagnostic {
  return {
    code: "MF4015",
    severity: "warning",
    plugin: plugin.name,
    message: `plugin ${plugin.name} does not get ${path} itself, which is the module's own; it gets what is below`,
    at,
    fix: `use ${path}/`,
  };
}
