import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readRequest } from "../../core/metrics/requests.ts";
import { slowWorkers, workerFigures } from "../../core/metrics/workers.ts";
import type { ServiceStatus } from "../supervisor.ts";
import type { Check } from "./check.ts";

/** Of the access log this much is looked at, in bytes, and no more than the last so many seconds. */
const READ_BYTES = 2 * 1024 * 1024;
const RECENT_S = 60;

/** The workers that were slower than the others of their app during the last minute, by the access log of nginx. */
export function checkSlowWorkers(accessLog: string, running: readonly ServiceStatus[]): readonly Check[] {
  const since = Date.now() - RECENT_S * 1000;
  const recent = lastLines(accessLog).filter(
    (line) => Date.parse(/^\{ "@timestamp": "([^"]+)"/.exec(line)?.[1] ?? "") >= since,
  );
  return slowWorkers(workerFigures(recent.flatMap((line) => readRequest(line) ?? []))).map(({ own, others }) => {
    const id = `app.${own.plugin}.${own.app}`;
    const instances = running.find((service) => service.id === id)?.instances;
    const pid = instances?.find(({ instance }) => instance === own.worker)?.pid;
    return {
      name: `worker ${own.worker} of ${id}`,
      state: "WARNING",
      message:
        `it is slow, the others get more of the requests: of ${own.requests} in a minute half took ${own.p50Ms} ms ` +
        `and 1 in 100 ${own.p99Ms} ms; the others take ${others.p50Ms} ms and ${others.p99Ms} ms`,
      fix: pid === undefined ? "see its log" : `see its log and what process ${pid} does; killed, it is started again`,
      plugin: own.plugin,
    };
  });
}

function lastLines(file: string): readonly string[] {
  try {
    const fd = openSync(file, "r");
    try {
      const from = Math.max(0, fstatSync(fd).size - READ_BYTES);
      const buffer = Buffer.alloc(READ_BYTES);
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, READ_BYTES, from)).split("\n");
    } finally {
      closeSync(fd);
    }
  } catch {
    return [];
  }
}
