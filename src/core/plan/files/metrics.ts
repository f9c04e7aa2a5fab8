import { flagOf, numberOf, optionalNumberOf, optionalTextOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import { tomlValue } from "../quote/texts.ts";
import { renderer } from "../render.ts";
import { ownService } from "../service/own.ts";

/** Three resolutions of every number: what dashboards of the predecessor's server read. */
const RESOLUTIONS = [
  { name: "fullres", period: "10s" },
  { name: "medres", period: "60s" },
  { name: "lowres", period: "1h" },
];

/** Metrics go out once `[admin] hostname` says where to. */
export function planMetrics(input: PlanInput): Piece {
  const { config, programs, paths } = input;
  const hostname = optionalTextOf(config, "admin.hostname");
  if (hostname === undefined) return piece({});
  const at = config.values.get("admin.hostname")?.at;
  if (programs.telegraf === undefined) {
    return piece({
      notes: [
        {
          code: "MF4030",
          severity: "warning",
          message: "[admin] hostname is set, but telegraf is not installed: no metrics are sent",
          ...(at !== undefined && { at }),
          fix: "install telegraf, or set `hostname = null`",
        },
      ],
    });
  }
  const layout = layoutOf(paths);
  const service = {
    ...ownService("telegraf", input),
    argv: [programs.telegraf, "--config", `${layout.configAuto}/telegraf.conf`] as const,
    clears: [`${layout.var}/telegraf.socket`],
    reads: ["telegraf.conf"],
    because: at === undefined ? [] : [at],
  };
  const text = renderer(input.templates, tomlValue)("telegraf.conf.hbs", view(input, hostname));
  return piece({ services: [service], files: [["telegraf.conf", { text, mode: 0o600 }]] });
}

function view(input: PlanInput, hostname: string) {
  const { config, host, paths } = input;
  const layout = layoutOf(paths);
  const address = config.env[`${paths.module.toUpperCase()}_ADMIN_HOSTNAME_IP`] || hostname;
  const influxPort = numberOf(config, "admin.influxdb_http_port");
  const statsdPort = numberOf(config, "telegraf.statsd_port");
  const nginxPort = flagOf(config, "nginx.flag") ? (optionalNumberOf(config, "nginx.port") ?? 0) : 0;
  return {
    module: paths.module,
    hostname: host.name,
    resolutions: RESOLUTIONS,
    influxUrl: influxPort > 0 ? `http://${address}:${influxPort}` : undefined,
    socketUrl: `unix://${layout.var}/telegraf.socket`,
    statsd: statsdPort > 0 ? `127.0.0.1:${statsdPort}` : undefined,
    nginxUrl: nginxPort > 0 ? `http://127.0.0.1:${nginxPort}/status` : undefined,
    redisUrl: paths.module === "mfdata" ? `unix://${layout.redisSocket}` : undefined,
    debug: flagOf(config, "telegraf.debug"),
  };
}
