import { influxLine } from "./lines.ts";
import type { CollectorConfig } from "./types.ts";

/** What is seen of a module at one moment. */
export interface ModuleSeen {
  /** The word of `var/status`. */
  readonly state: string;
  readonly osName: string;
  /** By plugin: fields of `metwork_module`. */
  readonly usage: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** By directory of `$IN`. */
  readonly waiting: ReadonlyMap<string, number>;
}

/** Values that aggregation must leave alone. */
const AS_IT_IS = { bypassbasicstats: "1" };

/** The predecessor's measurements of a module, in line protocol. */
export function moduleLines(config: CollectorConfig, seen: ModuleSeen): string[] {
  const code = seen.state === "RUNNING" ? 2 : ["STARTING", "STOPPING"].includes(seen.state) ? 1 : 0;
  const about = { version: config.version, status: seen.state.toLowerCase(), os_name: seen.osName, status_code: code };
  const lines = [
    influxLine("metwork_version", { modname: config.module, ...AS_IT_IS }, about),
    ...config.plugins.map(({ name, version, release }) =>
      influxLine("metwork_plugin", { plugin_name: name, ...AS_IT_IS }, { version, release }),
    ),
    ...[...seen.usage].map(([plugin, fields]) => influxLine("metwork_module", { plugin }, fields)),
    ...[...seen.waiting].map(([directory, count]) =>
      influxLine("var_in_files", { directory_name: directory }, { file_count: count }),
    ),
  ];
  return lines.filter((line) => line !== undefined);
}
