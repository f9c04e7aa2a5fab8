import { posix } from "node:path";
import type { Diagnostic, Span } from "../base/diagnostic.ts";
import type { MergedSection } from "../config/merge.ts";
import { modesText } from "../flow/completeness.ts";
import { SECTIONS, type ValuesOf } from "./options.ts";
import { readSection } from "./section.ts";
import type { App, Daemon, FailurePolicy, Step } from "./types.ts";

type PartValues = ValuesOf<(typeof SECTIONS)["mfserv"]["extra_daemon"]>;
type StepValues = ValuesOf<(typeof SECTIONS)["mfdata"]["step"]>;

/** A part and its section's values as read, for the settings. */
export interface ReadPart<P> {
  readonly part: P;
  readonly values: Readonly<Record<string, unknown>>;
}

export function readApp(section: MergedSection, name: string, notes: Diagnostic[]): ReadPart<App> {
  const values = readSection(section, SECTIONS.mfserv.app, notes);
  const app: App = {
    kind: "app",
    ...base(section, name, values, notes),
    timeoutS: Math.max(0, values.timeout),
    smartStopSignal: values.smart_stop_signal,
    smartStopDelayS: values.smart_stop_delay,
    smartStartDelayS: values.smart_start_delay,
    livenessIntervalS: Math.max(0, values.liveness_interval),
    slowWorkerWindowS: Math.max(0, values.slow_worker_window),
    debugOptions: values._debug_extra_options,
    gateway: values._gateway_interface_mode.toLowerCase() === "fastcgi" ? "fastcgi" : "http",
    prefixRouting: values._prefix_based_routing,
    virtualDomainRouting: values._virtualdomain_based_routing,
    extraRoutes: readRoutes(section, list(values.prefix_based_routing_extra_routes, ";"), notes),
    extraVhosts: readVhosts(section, list(values.virtualdomain_based_routing_extra_vhosts, ","), notes),
    staticRouting: values._static_routing,
    staticUrlPrefix: values._static_url_prefix,
    staticDirectory: values._static_directory,
    ...(values._extra_nginx_conf_filename && { nginxFragment: values._extra_nginx_conf_filename }),
    ...(values._extra_nginx_conf_static_filename && { nginxStaticFragment: values._extra_nginx_conf_static_filename }),
    ...(values._http_test_endpoint && {
      test: {
        endpoint: values._http_test_endpoint,
        status: values._http_test_expected_status_code,
        body: values._http_test_expected_body,
        timeoutS: values._http_test_timeout,
      },
    }),
  };
  return { part: app.debug ? { ...app, instances: Math.min(1, app.instances), maxAgeS: 0 } : app, values };
}

/** `directory` is where files for the step arrive, what `{MFDATA_CURRENT_STEP_DIR}` stands for. */
export function readStep(section: MergedSection, name: string, directory: string, notes: Diagnostic[]): ReadPart<Step> {
  const values = readSection(section, SECTIONS.mfdata.step, notes);
  const step: Step = {
    kind: "step",
    ...base(section, name, values, notes),
    gracefulTimeoutS: Math.max(0, values.timeout),
    watchedDirectories: readDirectories(section, values.watched_directories, directory, notes),
    completeness: values.watched_completeness,
    priority: values.priority,
    maxWaiting: Math.max(0, values.max_waiting_files),
    onFailure: readFailurePolicy(section, values, notes),
    retry: {
      total: Math.max(0, values.retry_total),
      minWaitS: values.retry_min_wait,
      maxWaitS: values.retry_max_wait,
      backoff: values.retry_backoff,
    },
    timeoutS: Math.max(0, values.timeout),
    maxProcessingS: Math.max(0, values.max_processing_time),
    durability: values.durability,
  };
  if (step.retry.maxWaitS < step.retry.minWaitS) {
    notes.push({
      code: "MF3033",
      severity: "error",
      message: `[${section.name}] retry_max_wait (${step.retry.maxWaitS}) is less than retry_min_wait (${step.retry.minWaitS})`,
      at: placeOf(section, "retry_max_wait", "retry_min_wait"),
      fix: "raise retry_max_wait or lower retry_min_wait",
    });
  }
  return { part: step, values: { ...values, watched_completeness: modesText(values.watched_completeness) } };
}

export function readDaemon(section: MergedSection, name: string, notes: Diagnostic[]): ReadPart<Daemon> {
  const values = readSection(section, SECTIONS.mfserv.extra_daemon, notes);
  return { part: { kind: "daemon", ...base(section, name, values, notes) }, values };
}

function base(section: MergedSection, name: string, values: PartValues, notes: Diagnostic[]): Omit<Daemon, "kind"> {
  const command = section.keys.get("_cmd_and_args");
  if (values._cmd_and_args !== "" && (section.keys.get("numprocesses")?.value.trim() ?? "") === "") {
    notes.push({
      code: "MF3030",
      severity: "warning",
      message: `[${section.name}] has a command but no numprocesses, which means 0: it will not run`,
      at: placeOf(section, "numprocesses"),
      fix: "add `numprocesses = 1`",
    });
  }
  if (values._cmd_and_args === "" && values.numprocesses > 0) {
    notes.push({
      code: "MF3031",
      severity: "error",
      message: `[${section.name}] wants ${values.numprocesses} processes of no command`,
      at: placeOf(section, "numprocesses"),
      fix: "set `_cmd_and_args`, or `numprocesses = 0`",
    });
  }
  const keys: Record<string, Span> = {};
  for (const [key, written] of section.keys) keys[key] = written.keyAt;
  const asWritten = command !== undefined && command.raw === command.value && !command.raw.includes("\n");
  return {
    name,
    command: values._cmd_and_args,
    ...(asWritten && { commandAt: command.at }),
    instances: values._cmd_and_args === "" ? 0 : values.numprocesses,
    gracefulTimeoutS: Math.max(0, values.graceful_timeout),
    maxAgeS: Math.max(0, values.max_age),
    debug: values.debug,
    limits: {
      ...(values.rlimit_nofile > 0 && { openFiles: values.rlimit_nofile }),
      ...(values.rlimit_as > 0 && { addressSpace: values.rlimit_as }),
      ...(values.rlimit_stack > 0 && { stack: values.rlimit_stack }),
      ...(values.rlimit_fsize > 0 && { fileSize: values.rlimit_fsize }),
      ...(values.memory_max > 0 && { memory: values.memory_max }),
      ...(values.tasks_max > 0 && { tasks: values.tasks_max }),
    },
    ...(values.log_split_stdout_stderr !== undefined && { splitOutputs: values.log_split_stdout_stderr }),
    ...(values.log_split_multiple_workers !== undefined && { splitWorkers: values.log_split_multiple_workers }),
    at: section.at,
    keys,
  };
}

function readFailurePolicy(section: MergedSection, values: StepValues, notes: Diagnostic[]): FailurePolicy {
  if (values.failure_policy !== "move") return { do: values.failure_policy };
  const to = values.failure_policy_move_dest_dir;
  if (!/^[A-Za-z0-9_-]+\/[A-Za-z0-9_]+$/.test(to) && !posix.isAbsolute(to)) {
    notes.push({
      code: "MF3034",
      severity: "error",
      message: `[${section.name}] moves failed files to ${JSON.stringify(to)}, which is neither \`plugin/step\` nor an absolute directory`,
      at: placeOf(section, "failure_policy_move_dest_dir", "failure_policy"),
      fix: "set `failure_policy_move_dest_dir = plugin/step`, or an absolute directory",
    });
  }
  return { do: "move", to };
}

function readDirectories(
  section: MergedSection,
  written: string,
  directory: string,
  notes: Diagnostic[],
): readonly string[] {
  return list(written, ",").map((item) => {
    const path = item.replaceAll("{MFDATA_CURRENT_STEP_DIR}", directory);
    if (!posix.isAbsolute(path)) {
      notes.push({
        code: "MF3035",
        severity: "error",
        message: `[${section.name}] watches ${JSON.stringify(path)}, which is not an absolute directory`,
        at: placeOf(section, "watched_directories"),
        fix: "write an absolute path or `{MFDATA_CURRENT_STEP_DIR}`",
      });
    }
    return posix.normalize(path);
  });
}

function readRoutes(section: MergedSection, routes: readonly string[], notes: Diagnostic[]): readonly string[] {
  for (const route of routes) {
    if (route === "/" || /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@%-]+)+$/.test(route)) continue;
    notes.push({
      code: "MF3036",
      severity: "error",
      message: `[${section.name}] ${JSON.stringify(route)} is not a route`,
      at: placeOf(section, "prefix_based_routing_extra_routes"),
      fix: "write `/` or a path such as `/maps/v1`, with a slash before and none after",
    });
  }
  return routes;
}

function readVhosts(section: MergedSection, hosts: readonly string[], notes: Diagnostic[]): readonly string[] {
  for (const host of hosts) {
    if (/^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(host)) continue;
    notes.push({
      code: "MF3037",
      severity: "error",
      message: `[${section.name}] ${JSON.stringify(host)} is not a host name`,
      at: placeOf(section, "virtualdomain_based_routing_extra_vhosts"),
      fix: "write names such as `www.example.org`, separated by `,`",
    });
  }
  return hosts;
}

function list(written: string, separator: "," | ";"): readonly string[] {
  return written
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function placeOf(section: MergedSection, ...keys: readonly string[]): Span {
  for (const key of keys) {
    const at = section.keys.get(key)?.at;
    if (at !== undefined) return at;
  }
  return section.at;
}
