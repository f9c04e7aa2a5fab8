import type { Cost } from "../config/types.ts";
import type { ModuleName } from "../module/paths.ts";
import * as type from "./value-types.ts";

/** One key of a plugin's config.ini, declared once: reading, defaults and the reference follow from it. */
export interface PluginOption<T = unknown> {
  readonly type: type.ValueType<T>;
  /** As it would be written. undefined: the key is required. */
  readonly initial: string | undefined;
  readonly unit?: string;
  readonly summary: string;
  /** What a change costs the running part. */
  readonly cost: Cost;
}

function option<T>(
  kind: type.ValueType<T>,
  initial: string | undefined,
  cost: Cost,
  summary: string,
  unit?: string,
): PluginOption<T> {
  return { type: kind, initial, cost, summary, ...(unit === undefined ? {} : { unit }) };
}

const PYTHON_PATH = "Put the plugin's home first in PYTHONPATH";

const general = {
  _version: option(
    type.version,
    undefined,
    "none",
    "Version of the plugin; `{{MFMODULE_VERSION}}` follows the module's",
  ),
  _release: option(type.text, "1", "none", "Release of this version"),
  _summary: option(type.requiredText, undefined, "none", "What the plugin does, in one line"),
  _license: option(type.requiredText, undefined, "none", "Licence of the plugin"),
  _url: option(type.requiredText, undefined, "none", "Home page of the plugin"),
  _maintainer: option(type.requiredText, undefined, "none", "Who maintains it: `Firstname FAMILYNAME <email>`"),
  _vendor: option(type.requiredText, undefined, "none", "Who publishes it"),
  _add_plugin_dir_to_python_path: option(type.boolean, "1", "restart", PYTHON_PATH),
};

const generalOfMfserv = {
  ...general,
  _add_plugin_dir_to_python_path: option(type.boolean, "1", "swap", PYTHON_PATH),
  _add_plugin_dir_to_lua_path: option(type.boolean, "1", "reload", "Let nginx's Lua code require the plugin's `*.lua`"),
  _extra_nginx_http_conf_filename: option(type.innerPath, "", "reload", "An nginx fragment for the `http` block"),
  _extra_nginx_server_conf_filename: option(
    type.innerPath,
    "",
    "reload",
    "An nginx fragment for the main `server` block",
  ),
  _extra_nginx_init_worker_by_lua_block_filename: option(
    type.innerPath,
    "",
    "reload",
    "Lua code run when an nginx worker starts",
  ),
};

/** What all parts have; `replaced`: how its processes are, when one of these changes. */
function partOptions(replaced: Cost) {
  return {
    _cmd_and_args: option(
      type.text,
      "",
      replaced,
      "Command, run in the foreground without a shell. Quotes group words; `{placeholders}` are replaced",
    ),
    numprocesses: option(type.count, "0", replaced, "How many processes run; 0: none", "processes"),
    graceful_timeout: option(
      type.integer,
      "10",
      replaced,
      "Time to end after the stop signal, before SIGKILL",
      "seconds",
    ),
    max_age: option(
      type.integer,
      "0",
      replaced,
      "Replace a process after this time, spread at random up to twice as much; 0: never",
      "seconds",
    ),
    rlimit_as: option(
      type.integer,
      "0",
      replaced,
      "Limit of its address space; of Node, which reserves gigabytes, of its memory as `memory_max`; 0: none",
      "bytes",
    ),
    rlimit_nofile: option(type.integer, "0", replaced, "Limit of its open files; 0: none", "files"),
    rlimit_stack: option(type.integer, "0", replaced, "Limit of its stack; 0: none", "bytes"),
    rlimit_fsize: option(type.integer, "0", replaced, "Limit of the size of a file it writes; 0: none", "bytes"),
    memory_max: option(
      type.size,
      "0",
      replaced,
      "Memory a process and all it starts may hold for themselves: above it a fresh one takes over; 0: no limit",
      "bytes, or with K, M, G",
    ),
    tasks_max: option(
      type.integer,
      "1000",
      replaced,
      "Processes and threads a process and all it starts may be together: above it they are killed and started again; 0: no limit",
      "tasks",
    ),
    log_split_stdout_stderr: option(type.automatic, "AUTO", replaced, "Separate log files for the two outputs"),
    log_split_multiple_workers: option(type.automatic, "AUTO", replaced, "A log file for each process"),
    debug: option(
      type.boolean,
      "0",
      replaced,
      "Debug mode: log everything; apps run one process and their debug options",
    ),
  };
}

const app = {
  ...partOptions("swap"),
  timeout: option(type.integer, "0", "swap", "Time a request may take; 0: `[nginx] timeout` of the module", "seconds"),
  smart_stop_signal: option(type.integer, "15", "swap", "Signal that asks a drained process to end", "signal number"),
  smart_stop_delay: option(
    type.integer,
    "3",
    "swap",
    "Time to end after that signal, before SIGKILL; 0: no limit",
    "seconds",
  ),
  smart_start_delay: option(
    type.integer,
    "3",
    "swap",
    "Time a new process needs until it answers, at least 1; after ten times that it counts as failed",
    "seconds",
  ),
  liveness_interval: option(
    type.integer,
    "10",
    "swap",
    "How often each process is asked for `_http_test_endpoint`, or `/`: one that answers nothing for as long as a request may take is killed and started again; 0: never",
    "seconds",
  ),
  slow_worker_window: option(
    type.integer,
    "60",
    "swap",
    "Replace a process whose usual request takes, for this time, three times what it takes the other processes of the app, and 20 ms more, without losing a request; the next one after this time, then after twice as long each time; 0: never",
    "seconds",
  ),
  _debug_extra_options: option(type.text, "", "swap", "What `{debug_extra_options}` stands for in debug mode"),
  _gateway_interface_mode: option(type.text, "proxy", "swap", "`proxy` (HTTP) or `fastcgi`"),
  _prefix_based_routing: option(type.boolean, "1", "reload", "Serve it under `/<plugin>/<app>`"),
  _virtualdomain_based_routing: option(type.boolean, "0", "reload", "Serve it as `<app>.<plugin>.<host>`"),
  virtualdomain_based_routing_extra_vhosts: option(type.text, "", "swap", "More host names for it, separated by `,`"),
  prefix_based_routing_extra_routes: option(type.text, "", "swap", "More prefixes for it, separated by `;`: `/a;/b`"),
  _static_routing: option(type.boolean, "1", "reload", "Let nginx serve a directory of the app"),
  _static_url_prefix: option(type.text, "/static", "reload", "Where that directory is served, below the app's prefix"),
  _static_directory: option(type.text, "/static", "reload", "That directory, below `<home>/<app>`"),
  _extra_nginx_conf_filename: option(type.innerPath, "", "reload", "An nginx fragment for the app's location"),
  _extra_nginx_conf_static_filename: option(type.innerPath, "", "reload", "An nginx fragment for its static location"),
  _http_test_endpoint: option(type.text, "", "swap", "Path that `mfserv.status` asks for"),
  _http_test_expected_status_code: option(type.integer, "200", "none", "Status it must answer"),
  _http_test_expected_body: option(type.text, "OK", "none", "Text its answer must hold"),
  _http_test_timeout: option(type.integer, "10", "none", "How long `mfserv.status` waits for it", "seconds"),
};

const step = {
  ...partOptions("restart"),
  graceful_timeout: option(type.integer, "10", "none", "Of other parts; a step has `timeout`", "seconds"),
  timeout: option(type.integer, "600", "restart", "Time to end the file at hand after the stop signal", "seconds"),
  watched_directories: option(
    type.text,
    "{MFDATA_CURRENT_STEP_DIR}",
    "restart",
    "Directories whose files feed it, separated by `,`",
  ),
  watched_completeness: option(
    type.completeness,
    "close",
    "restart",
    "How their senders show that a file is complete, one for all directories or one for each: `close`, `rename`, `companion:.done`, `temporary:.part`, `stable:SECONDS`; with ` recursive` directories below count too",
  ),
  priority: option(
    type.priority,
    "0",
    "restart",
    "Files that enter it overtake those of a lower priority wherever they wait from then on: 1 to 9; 0: they wait their turn",
  ),
  max_waiting_files: option(
    type.integer,
    "0",
    "restart",
    "When more files wait for it, the module's ways in refuse files; 0: any number may wait",
    "files",
  ),
  failure_policy: option(
    type.choice("keep", "delete", "move"),
    "keep",
    "restart",
    "What becomes of a file it failed on",
  ),
  failure_policy_move_dest_dir: option(
    type.text,
    "",
    "restart",
    "Where it is moved: `plugin/step` or an absolute directory",
  ),
  retry_total: option(type.integer, "0", "restart", "How often a failed file is tried again", "times"),
  retry_min_wait: option(type.number, "10", "restart", "Shortest wait before trying again", "seconds"),
  retry_max_wait: option(type.number, "120", "restart", "Longest wait before trying again", "seconds"),
  retry_backoff: option(type.number, "0", "restart", "How fast the wait grows; 0: it does not"),
  durability: option(
    type.choice("AUTO", "fast", "durable"),
    "AUTO",
    "restart",
    "`fast`: files survive the death of any process; `durable`: also a loss of power, since what leaves the step is on the disk before the step's end is told, some milliseconds later; `AUTO`: as `[data_in] durability` of the module",
  ),
  max_processing_time: option(
    type.number,
    "0",
    "restart",
    "A worker that holds a file for longer is killed, and the file goes to trash when that happened three times; 0: never",
    "seconds",
  ),
};

const daemon = partOptions("restart");

const expect = {
  match: option(
    type.requiredText,
    undefined,
    "reload",
    "Shell pattern for the name; `%Y %m %d %H %M %j %y` stand for the time it is due, UTC",
  ),
  directory: option(type.text, "", "reload", "Name of the directory they come in by; empty: any"),
  schedule: option(
    type.schedule,
    undefined,
    "reload",
    "When they are due: a cron expression of five or six fields, UTC",
  ),
  count: option(type.count, "1", "reload", "How many files are due each time, at least 1"),
  grace: option(type.integer, "300", "reload", "How late they may be before somebody is told", "seconds"),
  command: option(
    type.text,
    "",
    "reload",
    "Run in the plugin's home, by no shell, when something is missing and when it came after all; `METWORK_EXPECT_*` say what",
  ),
};

const internal = {
  disable_nginx_conf: option(type.boolean, "0", "reload", "Written by machines: leave the plugin out of nginx"),
};

/** The kinds of section whose keys are fixed. `custom*` and `switch_rules*` are free. */
export const SECTIONS = {
  mfserv: { general: generalOfMfserv, app: app, extra_daemon: daemon, internal },
  mfdata: { general, step: step, extra_daemon: daemon, expect },
} as const satisfies Record<ModuleName, Record<string, Readonly<Record<string, PluginOption>>>>;

/** What the options of a section are read to. */
export type ValuesOf<S extends Readonly<Record<string, PluginOption>>> = {
  readonly [K in keyof S]: S[K] extends PluginOption<infer T> ? T : never;
};

/** One row of the plugin reference. */
export interface PluginOptionDoc {
  readonly module: ModuleName;
  /** As written in a file: `general`, `app_<name>`. */
  readonly section: string;
  readonly key: string;
  readonly type: string;
  /** undefined: required. */
  readonly initial: string | undefined;
  readonly unit?: string;
  readonly summary: string;
  readonly cost: Cost;
}

/** Every option of both modules, for `docs/reference/plugin-options.md`. */
export function pluginOptionDocs(): readonly PluginOptionDoc[] {
  return Object.entries(SECTIONS).flatMap(([module, sections]) =>
    Object.entries(sections).flatMap(([section, options]) =>
      Object.entries(options as Readonly<Record<string, PluginOption>>).map(([key, declared]) => ({
        module: module as ModuleName,
        section: section === "general" || section === "internal" ? section : `${section}_<name>`,
        key,
        type: declared.type.name,
        initial: declared.initial,
        summary: declared.summary,
        cost: declared.cost,
        ...(declared.unit === undefined ? {} : { unit: declared.unit }),
      })),
    ),
  );
}
