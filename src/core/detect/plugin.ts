import type { Detected } from "./types.ts";

/** How the plugin will live. */
export interface Life {
  readonly name: string;
  /** `"1"`, or a template of config.ini that says how many. */
  readonly processes: string;
  /** It has a server to itself and answers at `/`; else it has a domain of its own. */
  readonly alone: boolean;
  /** Of a Python virtual environment to use: its site-packages and its programs. */
  readonly virtualEnvironment?: { readonly packages: string; readonly programs: string };
}

/** Name of the nginx fragment of the location, in the plugin's directory. */
const FRAGMENT = "nginx_main.conf";

/** What the plugin template `_serve` is told, so that it makes the plugin that was detected. */
export function pluginVariables(detected: Detected, life: Life): Readonly<Record<string, string>> {
  const { web, daemons, needs, requirements = "", reasons } = detected;
  const files = web?.files;
  const isWorker = web !== undefined && web.command !== "";
  const fragment = web?.fragment === undefined ? "null" : FRAGMENT;
  return {
    web: web === undefined ? "none" : isWorker ? "worker" : "files",
    command: web?.command ?? "",
    debug_extra_options: web?.debugOptions ?? "",
    numprocesses: web?.one === true ? "1" : life.processes,
    stop_signal: String(web?.stopSignal ?? 15),
    ...(web?.gateway === "fastcgi" ? { gateway: "fastcgi" } : {}),
    extra_routes: life.alone ? "/" : "null",
    virtual_domains: life.alone ? "false" : "true",
    static_routing: files === undefined ? "false" : "true",
    static_url_prefix: files?.url ?? "/static",
    static_directory: files?.directory ?? "/static",
    fragment: isWorker ? fragment : "null",
    static_fragment: isWorker ? "null" : fragment,
    fragment_text: web?.fragment ?? "",
    daemons: daemons.map(sectionLines).join("\n"),
    needs: needs.join("\n"),
    requirements,
    extra_env: environmentLines(life),
    reasons: reasons.map((reason) => `- ${reason}`).join("\n"),
    one_line_summary: `${life.name}, made by detection`,
  };
}

function environmentLines({ virtualEnvironment: found }: Life): string {
  if (found === undefined) return "";
  return `PYTHONPATH={PYTHONPATH}:${found.packages}\nPATH={PATH}:${found.programs}`;
}

function sectionLines({ name, command }: Detected["daemons"][number]): string {
  return `[extra_daemon_${name}]\n\n_cmd_and_args = ${command}\nnumprocesses = 1\ngraceful_timeout = 30\n`;
}
