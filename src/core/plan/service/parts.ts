import { posix } from "node:path";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { numberOf } from "../../config/access.ts";
import { networkMistakes } from "../../flow/network/mistakes.ts";
import { sectionOf, stepDirectory } from "../../plugin/command.ts";
import type { App, Daemon, Part, Plugin, Step } from "../../plugin/types.ts";
import { type Admitted, type RunningPart, socketPath } from "../admit.ts";
import { environmentOf, MODULE_ENVIRONMENT } from "../environments.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { keptOf } from "../nginx/kept.ts";
import { type Piece, piece } from "../piece.ts";
import type { ServiceSpec } from "../types.ts";
import { coreLimit, limitsOfProgram } from "./limits.ts";
import { partLog } from "./logs.ts";
import { networkService } from "./network.ts";

/** Plugin parts start after what they use (redis) and before what uses them (nginx). */
const TIER = 20;
/** What its author thinks a worker needs to load is granted so many times before it counts as failed. */
const READY_TIMES = 10;
/** What the predecessor allowed beyond the request's own time and the time to say goodbye. */
const GRACE_MARGIN_S = 10;
const SIGNALS: Readonly<Record<number, ServiceSpec["stop"]["signal"]>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  15: "SIGTERM",
};

/** The services of the plugins' apps and daemons, and their temporary directories. Steps are the pipeline's. */
export function planParts(input: PlanInput, { plugins, running }: Admitted): Piece {
  const { tmp } = layoutOf(input.paths);
  const services: ServiceSpec[] = [];
  const notes: Diagnostic[] = [];
  for (const { plugin, part, argv } of running) {
    if (part.kind === "daemon") {
      const mistakes = networkMistakes(argv, part, plugin);
      notes.push(...mistakes);
      if (mistakes.length === 0) services.push(daemonService({ plugin, part, argv }, input));
    }
    if (part.kind !== "app") continue;
    services.push(appService({ plugin, part, argv }, input));
    if (SIGNALS[part.smartStopSignal] === undefined) notes.push(unknownSignal(plugin, part));
  }
  notes.push(...unseenSlowness(services, input));
  const directories = plugins.map((plugin) => ({ path: `${tmp}/${plugin.name}`, mode: 0o700 }));
  return piece({ services, directories, notes });
}

/** An app's workers serve on one socket each. */
function appService(running: RunningPart<App>, input: PlanInput): ServiceSpec {
  const { part, argv } = running;
  const layout = layoutOf(input.paths);
  const kept = keptOf(input.programs);
  const binds = argv.some((word) => word.includes("{unix_socket_path}"));
  return {
    ...common(running, `app.${running.plugin.name}.${part.name}`, input),
    socket: { path: socketPath(running, layout), hand: binds ? "renamed" : "inherited" },
    ready: { when: "socket", timeoutMs: Math.max(1, part.smartStartDelayS) * READY_TIMES * 1000 },
    stop: {
      signal: SIGNALS[part.smartStopSignal] ?? "SIGTERM",
      graceMs: (requestTimeoutS(part, input) + part.smartStopDelayS + GRACE_MARGIN_S) * 1000,
      // FastCGI connections are not kept.
      ...(part.gateway === "fastcgi" || kept === undefined ? {} : { keptMs: kept.ms }),
    },
    onChange: "swap",
    ...livenessOf(running, input),
    ...(part.slowWorkerWindowS > 0 && !part.debug && { slowWindowMs: part.slowWorkerWindowS * 1000 }),
  };
}

/** A debugged process may stand still for as long as it takes. */
function livenessOf({ part, plugin }: RunningPart<App>, input: PlanInput): Pick<ServiceSpec, "liveness"> {
  if (part.livenessIntervalS === 0 || part.debug) return {};
  const path = encodeURI(posix.join("/", part.test?.endpoint ?? ""));
  const everyMs = part.livenessIntervalS * 1000;
  const silentMs = requestTimeoutS(part, input) * 1000;
  if (part.gateway !== "fastcgi") return { liveness: { path, everyMs, silentMs } };
  // php-fpm ends what takes too long itself, and may need a third longer for it.
  return { liveness: { path, script: scriptAt(path, part, plugin), everyMs, silentMs: silentMs * 2 } };
}

/** The file that answers for a path, as nginx finds it. */
function scriptAt(path: string, app: App, plugin: Plugin): string {
  const prefix =
    [`/${plugin.name}/${app.name}`, `/${plugin.name}`].find((one) => `${path}/`.startsWith(`${one}/`)) ?? "";
  const below = posix.join(plugin.home, app.name, path.slice(prefix.length));
  return below.endsWith(".php") ? below : posix.join(below, "index.php");
}

/** After the pipeline, and ended before it: a worker that is told to stop still reports what it has in hand. */
const STEP_TIER = 35;

/** A step of its own program, which connects to the pipeline for files. */
export function stepService(running: RunningPart<Step>, input: PlanInput): ServiceSpec {
  const { plugin, part } = running;
  const base = common(running, `step.${plugin.name}.${part.name}`, input);
  const context = { paths: input.paths, env: input.config.env };
  return {
    ...base,
    env: {
      ...base.env,
      METWORK_STEP_SOCKET: layoutOf(input.paths).flowSocket,
      // `metwork step run` is a command of ours, and who started the module has allowed them.
      ...(input.host.uid === 0 && { METWORK_ALLOW_USAGE_BY_ROOT: "1" }),
      MFDATA_CURRENT_STEP_NAME: part.name,
      MFDATA_CURRENT_STEP_QUEUE: `step.${plugin.name}.${part.name}`,
      MFDATA_CURRENT_STEP_DIR: stepDirectory(plugin.name, part.name, context),
    },
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: part.timeoutS * 1000 },
    onChange: "restart",
    tier: STEP_TIER,
  };
}

function daemonService(running: RunningPart<Daemon>, input: PlanInput): ServiceSpec {
  return {
    ...common(running, `extra.${running.plugin.name}.${running.part.name}`, input),
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: running.part.gracefulTimeoutS * 1000 },
    onChange: "restart",
  };
}

/** How long a request to the app may take. */
function requestTimeoutS(app: App, input: PlanInput): number {
  return app.timeoutS > 0 ? app.timeoutS : numberOf(input.config, "nginx.timeout");
}

function common(running: RunningPart, id: string, input: PlanInput) {
  const { plugin, part } = running;
  const { argv, limits, env } = networkService(running, input);
  return {
    id,
    plugin: plugin.name,
    argv,
    cwd: plugin.home,
    environments: [MODULE_ENVIRONMENT, environmentOf(plugin.name)],
    env: { ...partVariables(plugin, part, input), ...env },
    instances: part.instances,
    maxAgeS: part.maxAgeS,
    limits: { ...limitsOfProgram(argv, limits), ...coreLimit(input) },
    log: partLog(running, input, layoutOf(input.paths)),
    reads: [],
    tier: TIER,
    because: [part.at],
  };
}

function partVariables(plugin: Plugin, part: Part, input: PlanInput): Record<string, string> {
  const prefix = input.paths.module.toUpperCase();
  return {
    HOTSWAP: "0",
    [`${prefix}_CURRENT_APP_DEBUG`]: part.debug ? "1" : "0",
    // New code is a new process, though its command and settings be the same.
    ...(plugin.build !== undefined && { METWORK_PLUGIN_BUILD: plugin.build }),
    ...(part.debug && { MFLOG_MINIMAL_LEVEL: "DEBUG", [`${prefix}_LOG_MINIMAL_LEVEL`]: "DEBUG" }),
  };
}

/** Who is slow is found in nginx's access log alone. */
function unseenSlowness(services: readonly ServiceSpec[], { config }: PlanInput): readonly Diagnostic[] {
  const logging = config.values.get("nginx.logging");
  const [first] = services.filter(({ slowWindowMs, instances }) => slowWindowMs !== undefined && instances > 1);
  if (logging?.value !== false || first === undefined) return [];
  return [
    {
      code: "MF4028",
      severity: "warning",
      message: `workers that stay slow, of ${first.id} and others, are not noticed and not replaced: [nginx] logging is off`,
      ...(logging.at !== undefined && { at: logging.at }),
      fix: "set [nginx] logging = 1; or slow_worker_window = 0 in the sections of the apps, if that is meant",
    },
  ];
}

function unknownSignal(plugin: Plugin, part: App): Diagnostic {
  return {
    code: "MF4005",
    severity: "warning",
    plugin: plugin.name,
    message: `[${sectionOf(part)}] asks for stop signal ${part.smartStopSignal}; SIGTERM is used`,
    at: part.keys["smart_stop_signal"] ?? part.at,
    fix: "use 15 (SIGTERM), 2 (SIGINT), 3 (SIGQUIT) or 1 (SIGHUP)",
  };
}
