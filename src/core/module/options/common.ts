import { type OptionSection, option, section } from "../../config/option.ts";
import {
  choice,
  endpoint,
  fileMode,
  flag,
  host,
  integer,
  level,
  orUnset,
  path,
  port,
  portOrZero,
} from "../../config/value-types.ts";

export const LARGEST_BODY_MB = 1024 * 1024;

/** Ports that differ between modules so that several may share a machine. */
export interface ModulePorts {
  readonly mflog: string;
  readonly nginxlog: string;
  readonly statsd: string;
}

/** `[startup]`, `[autorestart]`, `[crontab]`, `[misc]`: the sections a module's file begins with. */
export function generalSections(): readonly OptionSection[] {
  return [
    section("startup", "Whether the module starts at all.", {
      flag: option(flag, "1", "none", "1: starting the module starts it. 0: starting and stopping do nothing."),
    }),
    section("autorestart", "What happens by itself when files change.", {
      flag: option(
        flag,
        "1",
        "restart",
        "1: changes of configuration and plugins are noticed and applied at once. 0: only `metwork apply` applies them.",
      ),
    }),
    section("crontab", "What the module and its plugins do at certain times.", {
      flag: option(
        flag,
        "1",
        "none",
        "1: their jobs are in the user's crontab while the module runs, unless the module was given another home by METWORK_RUNTIME_ROOT. 0: they are not run.",
      ),
    }),
    section("misc", "Core dumps and temporary files.", {
      core_size: option(
        integer(-1),
        "0",
        "restart",
        "How large a core dump may be. 0: none is written. -1: what the system says.",
        "KiB",
      ),
      tmp_max_age: option(
        integer(0, 36500),
        "2",
        "none",
        "Files in the module's tmp directory are deleted when they are older than this. 0: never.",
        "days",
      ),
    }),
  ];
}

/** `[log]`, `[vector]`, `[admin]`: what the module tells about itself, and to whom. */
export function reportingSections(ports: ModulePorts): readonly OptionSection[] {
  return [
    section("log", "What is logged, and how long it is kept.", {
      minimal_level: option(
        level,
        "INFO",
        "reload",
        "Less important messages are dropped. DEBUG also makes nginx talkative.",
      ),
      json_file: option(
        orUnset(path, "AUTO"),
        "null",
        "reload",
        "A file that gets every message once more, as one JSON object a line. null: none.",
      ),
      json_minimal_level: option(level, "WARNING", "reload", "The least important level that goes to json_file."),
      mfadmin_flag: option(
        orUnset(choice("AUTO", "0", "1")),
        "AUTO",
        "reload",
        "Whether messages are sent to the monitoring server. AUTO: when [admin] hostname is set. null and 0: never.",
      ),
      mfadmin_minimal_level: option(
        level,
        "WARNING",
        "reload",
        "The least important level that goes to the monitoring server.",
      ),
      number_of_rotated_files: option(
        integer(1, 10000),
        "5",
        "reload",
        "How many files of each log are kept, the current one included.",
      ),
      max_age_before_rotation: option(
        integer(0),
        "86400",
        "reload",
        "A log file older than this is set aside and a new one begun. 0: age does not matter.",
        "seconds",
      ),
      max_size_before_rotation: option(
        integer(0),
        "104857600",
        "reload",
        "A log file larger than this is set aside and a new one begun. 0: size does not matter.",
        "bytes",
      ),
      max_rate: option(
        integer(0),
        "64",
        "reload",
        "What a program may write into one log file; the rest is left out, and how much it was is said there. 0: no limit.",
        "megabytes a minute",
      ),
      chmod: option(fileMode, "0644", "reload", "The access rights of log files."),
      try_to_split_stdout_stderr: option(
        flag,
        "0",
        "reload",
        "1: standard output and standard error get a file each, in plugins that leave it to the module (AUTO).",
      ),
      try_to_split_multiple_workers: option(
        flag,
        "0",
        "none",
        "1: each worker gets a file of its own, in plugins that leave it to the module (AUTO).",
      ),
    }),
    section(
      "vector",
      "Ports on which this machine collects its own messages. Nothing listens unless [admin] hostname is set.",
      {
        mflog_port: option(port, ports.mflog, "reload", "UDP port for the messages of programs."),
        nginxlog_port: option(port, ports.nginxlog, "reload", "UDP port for the access log of nginx."),
      },
    ),
    section("admin", "The monitoring server.", {
      hostname: option(
        orUnset(host),
        "null",
        "restart",
        "Name or IP address of the server that gets metrics and logs. null: there is none, and nothing is sent.",
      ),
      influxdb_http_port: option(
        portOrZero,
        "18086",
        "restart",
        "Its port for metrics (InfluxDB over HTTP). 0: none are sent.",
      ),
      elasticsearch_http_port: option(
        portOrZero,
        "15603",
        "none",
        "Its port for logs (Elasticsearch over HTTP). 0: not used.",
      ),
      loki_http_port: option(portOrZero, "0", "none", "Its port for logs (Loki over HTTP). 0: not used."),
      send_nginx_logs: option(flag, "1", "reload", "1: the access log of nginx is sent too."),
      send_mflog_logs: option(flag, "1", "none", "1: the messages of programs are sent too."),
    }),
  ];
}

/** `[circus]` and `[telegraf]`: supervision and metrics. */
export function supervisionSections(ports: ModulePorts): readonly OptionSection[] {
  return [
    section("circus", "Names kept for programs that talk to the supervisor of former versions.", {
      endpoint: option(
        endpoint,
        "ipc://{{MFMODULE_RUNTIME_HOME}}/var/circus.socket",
        "none",
        "Where that supervisor took commands.",
      ),
      pubsub_endpoint: option(
        endpoint,
        "ipc://{{MFMODULE_RUNTIME_HOME}}/var/circus_pubsub.socket",
        "none",
        "Where that supervisor told its events.",
      ),
      check_delay: option(
        integer(1, 86400),
        "15",
        "none",
        "How often that supervisor looked after its processes. Now the end of a process is noticed at once.",
        "seconds",
      ),
    }),
    section("telegraf", "Metrics of this machine. Nothing is measured unless [admin] hostname is set.", {
      statsd_port: option(
        port,
        ports.statsd,
        "restart",
        "UDP port, of this machine only, to which plugins send metrics (statsd).",
      ),
      debug: option(flag, "0", "restart", "1: metrics are also written to telegraf.log."),
    }),
  ];
}
