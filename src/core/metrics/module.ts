import { influxLine } from "./lines.ts";
import type { CollectorConfig } from "./types.ts";
import { slowWorkers, type WorkerFigures } from "./workers.ts";

/** What is seen of a module at one moment. */
export interface ModuleSeen {
  /** The word of `var/status`. */
  readonly state: string;
  readonly osName: string;
  /** By plugin: fields of `metwork_module`. */
  readonly usage: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** By directory of `$IN`. */
  readonly waiting: ReadonlyMap<string, number>;
  /** How quick workers answered since the last look. */
  readonly workers: readonly WorkerFigures[];
}

/** Values that aggregation must leave alone. */
const AS_IT_IS = { bypassbasicstats: "1" };

function workerLines(workers: readonly WorkerFigures[]): (string | undefined)[] {
  const slow = new Set(slowWorkers(workers).map(({ own }) => own));
  return workers.map((one) => {
    const { plugin, app, worker, requests, p50Ms, p99Ms } = one;
    const fields = { requests, p50_ms: p50Ms, p99_ms: p99Ms, slow: slow.has(one) ? 1 : 0 };
    return influxLine("metwork_worker", { plugin, app, worker: String(worker) }, fields);
  });
}

/** The predecessor's measurements of a module, and how quick its workers are, in line protocol. */
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
    ...workerLines(seen.workers),
  ];
  return lines.filter((line) => line !== undefined);
}
