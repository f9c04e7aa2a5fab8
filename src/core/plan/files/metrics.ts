import { flagOf, numberOf, optionalNumberOf, optionalTextOf, textOf } from "../../config/access.ts";
import type { CollectorConfig } from "../../metrics/types.ts";
import type { Admitted } from "../admit.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { type Piece, piece } from "../piece.ts";
import { tomlValue } from "../quote/texts.ts";
import { renderer } from "../render.ts";
import { NODE_FLAGS, ownService } from "../service/own.ts";

/** Three resolutions of every number: what dashboards of the predecessor's server read. */
const RESOLUTIONS = [
  { name: "fullres", period: "10s" },
  { name: "medres", period: "60s" },
  { name: "lowres", period: "1h" },
];

/** Metrics go out once `[admin] hostname` says where to. */
export function planMetrics(input: PlanInput, admitted: Admitted): Piece {
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
  const collector = {
    ...ownService("telegraf_collector_metwork_module", input),
    argv: [
      programs.node,
      ...NODE_FLAGS,
      `${paths.root}/src/main/telegraf_collector.ts`,
      `${layout.configAuto}/collector.json`,
      paths.runtime,
    ] as const,
    reads: ["collector.json"],
    because: service.because,
  };
  const text = renderer(input.templates, tomlValue)("telegraf.conf.hbs", view(input, hostname));
  const told = `${JSON.stringify(collectorConfig(input, admitted), null, 1)}\n`;
  return piece({
    services: [service, collector],
    files: [
      ["telegraf.conf", { text, mode: 0o600 }],
      ["collector.json", { text: told, mode: 0o640 }],
    ],
  });
}

function collectorConfig({ config, paths }: PlanInput, { plugins }: Admitted): CollectorConfig {
  const layout = layoutOf(paths);
  const counted = paths.module === "mfserv" && flagOf(config, "nginx.flag") && flagOf(config, "nginx.logging");
  return {
    module: paths.module,
    version: config.env["MFMODULE_VERSION"] ?? "",
    plugins: plugins.map(({ name, version, release }) => ({ name, version, release })),
    statsdPort: numberOf(config, "telegraf.statsd_port"),
    telegrafSocket: `${layout.var}/telegraf.socket`,
    statusFile: layout.status,
    ...(counted && { accessLog: `${layout.log}/nginx_access.log` }),
    ...(paths.module === "mfdata" && { dataIn: textOf(config, "data_in.dir") }),
  };
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
