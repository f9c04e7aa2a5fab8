import { createSocket } from "node:dgram";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { datagrams } from "../../core/metrics/lines.ts";
import { moduleLines } from "../../core/metrics/module.ts";
import { type LoggedRequest, readRequest, requestLines } from "../../core/metrics/requests.ts";
import type { CollectorConfig } from "../../core/metrics/types.ts";
import { workerFigures } from "../../core/metrics/workers.ts";
import { parseOsRelease } from "../host/distribution.ts";
import type { ServiceStatus } from "../supervisor.ts";
import { Follower } from "./follow.ts";
import { UsageMeter } from "./usage.ts";

export interface CollectorOptions {
  /** What runs now; a rejection leaves usage out this time. */
  readonly services: () => Promise<readonly ServiceStatus[]>;
  /** Milliseconds between two looks at the access log, and at the module. */
  readonly requestsMs?: number;
  readonly moduleMs?: number;
}

const REQUESTS_MS = 500;
const MODULE_MS = 10_000;
/** Of a look at the module, so many answers are enough to tell how quick its workers are. */
const MOST_ANSWERED = 100_000;
/** Services that only watch the others. */
const MONITORING: ReadonlySet<string> = new Set(["telegraf", "telegraf_collector_metwork_module"]);

/** Sends a module's metrics to the telegraf of this machine until closed. Nobody listening costs nothing but the metrics. */
export function startCollector(config: CollectorConfig, options: CollectorOptions): () => void {
  const statsd = createSocket("udp4");
  statsd.on("error", () => undefined);
  const follower = config.accessLog === undefined ? undefined : new Follower(config.accessLog);
  const meter = new UsageMeter();
  const telegraf = new LineSender(config.telegrafSocket);
  const osName = nameOfSystem();
  follower?.read();
  let answered: LoggedRequest[] = [];
  const sendRequests = (): void => {
    const requests = (follower?.read() ?? []).flatMap((line) => readRequest(line) ?? []);
    for (const one of requests) if (one.worker !== undefined && answered.length < MOST_ANSWERED) answered.push(one);
    if (config.statsdPort === 0) return;
    for (const one of datagrams(requestLines(requests))) statsd.send(one, config.statsdPort, "127.0.0.1");
  };
  const sendModule = async (): Promise<void> => {
    const services = await options.services().catch(() => []);
    const workers = workerFigures(answered);
    answered = [];
    const seen = {
      workers,
      state: readState(config.statusFile),
      osName,
      usage: new Map([...meter.look(services, MONITORING)].map(([name, usage]) => [name, { ...usage }])),
      waiting: config.dataIn === undefined ? new Map<string, number>() : countFiles(config.dataIn),
    };
    telegraf.send(moduleLines(config, seen).join(""));
  };
  void sendModule();
  const timers = [
    setInterval(sendRequests, options.requestsMs ?? REQUESTS_MS),
    setInterval(() => void sendModule(), options.moduleMs ?? MODULE_MS),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
    sendRequests();
    statsd.close();
    telegraf.close();
    follower?.close();
  };
}

/** A stream socket to write lines to: connected when there is something to say, lines for nobody are dropped. */
class LineSender {
  readonly #path: string;
  #socket: Socket | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  send(text: string): void {
    if (this.#socket === undefined) {
      const socket = connect(this.#path);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        if (this.#socket === socket) this.#socket = undefined;
      });
      this.#socket = socket;
    }
    this.#socket.write(text);
  }

  close(): void {
    this.#socket?.end();
  }
}

/** Files below each directory of `$IN`, hidden ones of the pipeline included, as the predecessor counts them. */
function countFiles(dataIn: string): Map<string, number> {
  const directories = list(dataIn).filter((entry) => entry.isDirectory());
  return new Map(directories.map(({ name }) => [name, countBelow(join(dataIn, name))]));
}

function countBelow(directory: string): number {
  return list(directory).reduce(
    (sum, entry) => sum + (entry.isDirectory() ? countBelow(join(directory, entry.name)) : 1),
    0,
  );
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readState(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "STOPPED";
  }
}

function nameOfSystem(): string {
  try {
    return parseOsRelease(readFileSync("/etc/os-release", "utf8"))["PRETTY_NAME"] ?? "";
  } catch {
    return "";
  }
}
