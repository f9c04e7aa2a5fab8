import { hash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { eventText } from "../core/expect/contract.ts";
import { ignoreMask } from "../core/flow/mask.ts";
import { type FlowConfig, type LogLevel, type LogPaths, stepKey } from "../core/flow/types.ts";
import { type Lock, lockFile } from "../kit/linux/lock.ts";
import { Observer, type ObserverOptions } from "./arrive/observer.ts";
import { Pressure } from "./arrive/pressure.ts";
import { Collector } from "./collector.ts";
import { Engine } from "./engine/engine.ts";
import { type FlowEvents, tellAll } from "./engine/events.ts";
import { HintQueue } from "./engine/queue.ts";
import { messageOf } from "./errors.ts";
import { makeDirectory } from "./file/directory.ts";
import { recoverStrays } from "./file/recover.ts";
import { patiently } from "./patience.ts";
import { Counters } from "./tell/counters.ts";
import { Farewell } from "./tell/farewell.ts";
import { following, type LogSink, openLogs, type StepLog } from "./tell/log.ts";
import { JsonCopies } from "./tell/log-copies.ts";
import { LogFiles } from "./tell/log-files.ts";
import { StatsdMetrics } from "./tell/metrics.ts";
import { TraceRecorder } from "./tell/recorder.ts";
import { TraceLink } from "./tell/trace-link.ts";
import { Workers } from "./workers.ts";

/** The running pipeline of one module. */
export interface FlowDaemon {
  /** Reads the configuration again: new rules, steps and directories, no file lost or repeated. */
  reload(): void;
  /** Finishes what is in work, claims nothing more; at most a few seconds. */
  stop(): Promise<void>;
}

/** Another daemon may need this long to finish what it has in work, milliseconds. */
const LOCK_WAIT_MS = 10_000;
const STOP_MS = 4000;
const STATE_MODE = 0o750;

/**
 * Starts the pipeline described by a flow.json; `listeners` hear what happens to each file. Throws when the description
 * cannot be read or another daemon runs.
 */
export async function startFlow(
  configPath: string,
  sink: LogSink,
  pid: number,
  listeners: readonly FlowEvents[] = [],
): Promise<FlowDaemon> {
  let { config, digest } = readConfig(configPath);
  const copies = new JsonCopies(pid);
  copies.adopt(config.log.copies);
  const logs = openLogs(sink, pid, (...said) => copies.tell(...said));
  const files = new LogFiles();
  const inForce = (): LogLevel => config.log.level;
  const log = following(inForce, (level) => logs.named("flow", level));
  const ownLog = (name: string): StepLog => {
    const paths = ownPaths(config, name);
    return following(inForce, (level) => logs.named(name, level, paths && files.sink(paths)));
  };
  // A start while the disk is full or read-only waits for its end as everything else does: who ends is held back for longer.
  const lock = await patiently(() => lockPipeline(config));
  await patiently(() => {
    for (const name of ["tmp", "trash"]) makeDirectory(posix.join(config.dataIn, name), STATE_MODE);
  });
  recoverStrays(config, log);
  const queue = new HintQueue(
    config.redisSocket,
    { ready: (key) => engine.ready(key), lost: (keys) => observer.listFor(keys) },
    log,
  );
  const counters = new Counters(queue.redis, log);
  const metrics = new StatsdMetrics();
  const workers = new Workers(log);
  const farewell = new Farewell();
  const trace: TraceLink = new TraceLink(log, {
    started: () => {
      farewell.reset();
      recorder.repeat();
    },
    digested: (files, bytes) => farewell.done(files, bytes),
    waiting: () => config.steps.reduce((sum, step) => sum + queue.waiting(stepKey(step)), 0),
    expected: (event) => {
      (event.state === "arrived" ? log.warning : log.error)(eventText(event));
      metrics.expected(event);
    },
  });
  const recorder = new TraceRecorder(trace, (name, bytes) => farewell.drop(name, bytes));
  const engine: Engine = new Engine(
    {
      take: (key) => queue.take(key),
      waiting: (key) => queue.waiting(key),
      isWatchedFor: (directory, key) => observer.isWatchedFor(directory, key),
      listLater: (directory, afterMs) => observer.listLater(directory, afterMs),
      farewell: (file, from) => farewell.take(file, from),
      logOf: ({ log: paths }) => paths && files.sink(paths),
    },
    workers,
    tellAll([counters, metrics, recorder, ...listeners]),
    logs,
  );
  const observer: Observer = new Observer(config.dataIn, observerOptions(config), queue, ownLog("directory_observer"));
  const adopt = (): void => {
    files.adopt(config.log.policy, logPaths(config));
    copies.adopt(config.log.copies);
    metrics.aim(config.metrics);
    trace.adopt(config.trace);
    farewell.adopt(config.trace?.settings.removed);
    recorder.listen(config.trace !== undefined);
    queue.serve(config.steps.filter((step) => step.lanes > 0).map(stepKey));
    engine.adopt(config);
    observer.watch(config.watched, observerOptions(config));
    log.info(`running ${config.steps.length} steps, watching ${config.watched.length} directories`);
    tellAdopted(config.adoptedFile, digest, log);
  };
  adopt();
  const collector = new Collector(config, posix.dirname(config.lockFile), ownLog("garbage_collector"));
  const pressure = new Pressure(config, log);
  const closeSocket = await patiently(() => workers.listen(config.stepSocket));
  return {
    reload: () => {
      const next = reread(configPath, config, log);
      if (next === undefined) return;
      ({ config, digest } = next);
      adopt();
      collector.adopt(config);
      pressure.adopt(config);
    },
    stop: async () => {
      log.info("stopping");
      pressure.close();
      await Promise.all([
        observer.close(),
        withDeadline(collector.close(), STOP_MS),
        withDeadline(engine.stop(), STOP_MS),
      ]);
      metrics.flush();
      recorder.flush();
      await trace.close();
      await withDeadline(counters.flush(), 500);
      queue.close();
      closeSocket();
      logs.flush();
      await Promise.all([withDeadline(files.close(), 500), withDeadline(copies.close(), 500)]);
      lock.release();
    },
  };
}

interface Description {
  readonly config: FlowConfig;
  /** SHA-256 of its text. */
  readonly digest: string;
}

function readConfig(path: string): Description {
  const text = readFileSync(path, "utf8");
  const config: FlowConfig = JSON.parse(text);
  if (config.version !== 1) throw new Error(`${path} is of version ${config.version}; this program reads version 1`);
  return { config, digest: hash("sha256", text) };
}

/** Says what the pipeline runs by from now on, to whoever told it to read the configuration again. */
function tellAdopted(file: string, digest: string, log: StepLog): void {
  try {
    writeFileSync(`${file}.new`, digest);
    renameSync(`${file}.new`, file);
  } catch (error) {
    log.warning(`it cannot be said which configuration is in force: ${messageOf(error)}`);
  }
}

/** undefined: the one in force stays. */
function reread(path: string, current: FlowConfig, log: StepLog): Description | undefined {
  try {
    const next = readConfig(path);
    const fixed = ["dataIn", "redisSocket", "stepSocket"] as const;
    if (fixed.every((key) => next.config[key] === current[key])) return next;
    log.error("data_in.dir or a socket changed, which needs a restart; the old configuration stays");
  } catch (error) {
    log.error(`the configuration cannot be read, the old one stays: ${messageOf(error)}`);
  }
  return undefined;
}

function lockPipeline(config: FlowConfig): Promise<Lock> {
  makeDirectory(posix.dirname(config.lockFile));
  makeDirectory(config.dataIn);
  return lockFile(config.lockFile, { waitMs: LOCK_WAIT_MS });
}

/** The log of a part of the daemon that was a program of its own in the predecessor. */
function ownPaths({ log: { directory } }: FlowConfig, name: string): LogPaths | undefined {
  return directory === undefined ? undefined : { stdout: posix.join(directory, `${name}.log`) };
}

function logPaths(config: FlowConfig): readonly LogPaths[] {
  const own = ["directory_observer", "garbage_collector"].map((name) => ownPaths(config, name));
  return [...own, ...config.steps.map((step) => step.log)].filter((paths) => paths !== undefined);
}

function observerOptions(config: FlowConfig): ObserverOptions {
  return { ignored: ignoreMask(config.ignore), forcedPollS: config.forcedPollS, limit: config.pollQueueLimit };
}

async function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
