import { general } from "../support/appliance.ts";

/** A mistake as files, and the line that must be named for it. */
export interface Mistake {
  /** What becomes of it: a new plugin is left out, one that served is kept as it was, a wrong module is refused, ... */
  readonly contained: "left out" | "kept" | "refused" | "rolled back";
  /** By path, relative to the new plugin or to the appliance's home. */
  readonly files: Readonly<Record<string, string | Buffer | typeof DIRECTORY>>;
  readonly where: "new plugin" | "appliance" | "full disk";
  /** The file to be named, relative as above, and a text on the line to be named; absent: any line. */
  readonly guilty: readonly [file: string, text?: string];
}

/** What a mistake may refer to. */
export interface Surroundings {
  readonly port: number;
  readonly takenPort: number;
  /** An appliance-wide unique number: it names the plugin and moves its lines. */
  readonly number: number;
}

export const DIRECTORY = Symbol("directory");

const APP = "[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = 1\nsmart_start_delay = 1\n";
const SERVE = `import { createServer } from "node:http";
const mode = process.env.MFSERV_CURRENT_PLUGIN_CUSTOM_MODE ?? "good";
if (mode === "exit") process.exit(3);
createServer((asked, answer) => {
  if (asked.url.startsWith("/victim/health") && mode === "ill") answer.statusCode = 500;
  answer.end("OK\\n");
}).listen({ fd: 3 });
`;

/** A plugin that serves; the files of the three good ones and of the one whose new versions fail. */
export function serving(fragment?: string): Record<string, string> {
  const key = fragment === undefined ? "" : "_extra_nginx_conf_filename = extra.conf\n";
  return {
    "config.ini": `${general}${APP}${key}`,
    "package.json": '{ "type": "module" }',
    "server.js": SERVE,
    ...(fragment !== undefined && { "extra.conf": fragment }),
  };
}

export const VICTIM = {
  ...serving("add_header X-Victim well;\n"),
  "config.ini": `${general}${APP}_extra_nginx_conf_filename = extra.conf\n_http_test_endpoint = /victim/health\n_http_test_timeout = 1\n[custom]\nmode = good\n`,
};

type Make = (around: Surroundings) => Mistake;

/** A new plugin with this config.ini (after `[general]`) and these other files. */
function fresh(config: string, guilty: readonly [string, string?], others: Mistake["files"] = {}): Make {
  return ({ number }) => {
    const filled = `${general}${"# a line more\n".repeat(number % 7)}${config}`;
    const files = { ...serving(), "config.ini": filled, ...others };
    return { contained: "left out", where: "new plugin", files, guilty };
  };
}

/** A new plugin with a fragment at a level. */
function fragment(
  level: "http" | "server" | "location",
  text: string | ((around: Surroundings) => string),
  at?: string,
): Make {
  return (around) => {
    const lines = `${"# a line more\n".repeat(around.number % 5)}${typeof text === "string" ? text : text(around)}\n`;
    const key = level === "location" ? "" : `_extra_nginx_${level}_conf_filename = bad.conf\n`;
    const inApp = level === "location" ? "_extra_nginx_conf_filename = bad.conf\n" : "";
    const config = `${general}${key}${APP}${inApp}`;
    const files = { ...serving(), "config.ini": config, "bad.conf": lines };
    return {
      contained: "left out",
      where: "new plugin",
      files,
      guilty: at === undefined ? ["bad.conf"] : ["bad.conf", at],
    };
  };
}

/** A new plugin whose program is this. */
function program(server: string, keys = ""): Make {
  const at = keys.includes("endpoint") ? "_http_test_endpoint" : "[app_main]";
  return (around) => {
    const config = `${APP}${keys.replace("ENDPOINT", `bad${around.number}/health`)}`;
    return fresh(config, ["config.ini", at], { "server.js": server })(around);
  };
}

/** The plugin that serves gets an override. */
function override(text: string | Buffer, at: string): Make {
  const file = "mfserv/config/plugins/victim.ini";
  return () => ({ contained: "kept", where: "appliance", files: { [file]: text }, guilty: [file, at] });
}

/** The module's own configuration. */
export const SITE = "etc/metwork.config.d/mfserv/config.ini";

export function site(port: number, more = ""): string {
  return `[nginx]\nport = ${port}\nworkers = 1\n${more}`;
}

function module(make: (around: Surroundings) => string, at: string, contained: Mistake["contained"] = "refused"): Make {
  return (around) => ({ contained, where: "appliance", files: { [SITE]: make(around) }, guilty: [SITE, at] });
}

const ill = (answer: string): string =>
  `import { createServer } from "node:http";\ncreateServer((asked, answer) => {\n  ${answer}\n}).listen({ fd: 3 });\n`;
const TLS = (file: string, port: number): string =>
  `https_port = ${port}\nssl_certificate = ${file}\nssl_certificate_key = ${file}\n`;
const TEST = "_http_test_endpoint = /ENDPOINT\n_http_test_timeout = 1\n";

/** Every kind of mistake, by name. */
export const KINDS: Readonly<Record<string, Make>> = {
  syntax: fresh("[app_main]\nthis is no ini line\n", ["config.ini", "this is no ini line"]),
  "unclosed section": fresh("[app_main\nnumprocesses = 1\n", ["config.ini", "[app_main"]),
  "wrong type": fresh(APP.replace("numprocesses = 1", "numprocesses = many"), ["config.ini", "many"]),
  "processes of no command": fresh("[app_main]\nnumprocesses = 2\n", ["config.ini", "numprocesses"]),
  "broken template in a value": fresh(`${APP}max_age = {{ 1 + }}\n`, ["config.ini", "max_age"]),
  "no config.ini": () => ({
    contained: "left out",
    where: "new plugin",
    files: { "server.js": SERVE },
    guilty: ["config.ini"],
  }),
  "config.ini is a directory": () => ({
    contained: "left out",
    where: "new plugin",
    files: { "config.ini": DIRECTORY },
    guilty: ["config.ini"],
  }),
  "no [general]": () => ({
    contained: "left out",
    where: "new plugin",
    files: { "config.ini": APP },
    guilty: ["config.ini"],
  }),
  "bad encoding": (around) => ({
    ...fresh("", ["config.ini"])(around),
    files: { "config.ini": Buffer.concat([Buffer.from(`${general}_summary2 = caf`), Buffer.from([0xe9, 10])]) },
    guilty: ["config.ini", "_summary2"],
  }),
  "no format version": fresh(APP, [".plugin_format_version"], { ".plugin_format_version": "" }),
  "missing layer": fresh(APP, [".layerapi2_dependencies", "nowhere@mfext"], {
    ".layerapi2_dependencies": "root@mfserv\nnowhere@mfext\n",
  }),
  "circular layer": ({ number }) =>
    fresh(APP, [".layerapi2_dependencies"], { ".layerapi2_dependencies": `root@mfserv\nplugin_bad${number}@mfserv\n` })(
      {
        port: 0,
        takenPort: 0,
        number,
      },
    ),
  "socket path too long": fresh(APP.replace("app_main", `app_${"x".repeat(90)}`), ["config.ini", "[app_xxx"]),
  "fragment file missing": fresh(`${APP}_extra_nginx_conf_filename = nope.conf\n`, ["config.ini", "nope.conf"]),
  "undefined variable in a template": fragment("location", "add_header X-A {{ NOPE }};", "NOPE"),
  "bad fragment at http level": fragment("http", "no_such_directive on;", "no_such"),
  "bad fragment at server level": fragment("server", "listen nowhere:nothing;", "listen"),
  "bad fragment at location level": fragment("location", "proxy_read_timeout soon;", "soon"),
  "unclosed brace": fragment("location", "if ($arg_a) {\n  return 204;"),
  "unknown nginx variable": fragment("location", "add_header X-A $nowhere;", "nowhere"),
  "duplicate location": fragment("server", "location = /good1 {\n  return 204;\n}", "location"),
  "duplicate upstream": fragment("http", "upstream app.good1.main {\n  server 127.0.0.1:9;\n}", "upstream"),
  "duplicate virtual host": fragment(
    "http",
    ({ port }) => `server {\n  listen ${port} default_server;\n  server_name x;\n}`,
    "listen",
  ),
  "bad virtual host": fresh(
    `${APP}_virtualdomain_based_routing = 1\nvirtualdomain_based_routing_extra_vhosts = ~[bad\n`,
    ["config.ini", "~[bad"],
  ),
  "missing include": fragment("location", "include /nowhere/at/all.conf;", "include"),
  "unreadable include": fragment("location", "include /etc;", "include"),
  "mistake in an included file": (around) => ({
    ...fragment("location", "include {{ MFSERV_CURRENT_PLUGIN_DIR }}/more.inc;", "include")(around),
    files: {
      ...fragment("location", "include {{ MFSERV_CURRENT_PLUGIN_DIR }}/more.inc;", "include")(around).files,
      "more.inc": "# fine\nnot_fine on;\n",
    },
    guilty: ["more.inc", "not_fine"],
  }),
  "no such program": fresh(APP.replace("node {plugin_dir}", "no_such_program {plugin_dir}"), [
    "config.ini",
    "[app_main]",
  ]),
  "app that exits": program("process.exit(7);\n"),
  "app with a syntax error": program("import { from;\n"),
  "app without descriptors": program(SERVE, "rlimit_nofile = 5\n"),
  "app that never listens": program("setInterval(() => undefined, 1000);\n"),
  "health 500": program(ill('answer.statusCode = asked.url === "/" ? 200 : 500;\n  answer.end("OK");'), TEST),
  "health wrong body": program(ill('answer.end("not so well");'), TEST),
  "health timeout": program(ill('if (asked.url === "/") answer.end("OK");'), TEST),
  "override: syntax": override("[app_main]\nthis is no ini line\n", "this is no"),
  "override: wrong type": override("[app_main]\n# a line more\nnumprocesses = lots\n", "lots"),
  "override: bad encoding": override(Buffer.from([...Buffer.from("[custom]\nmode = "), 0xff, 10]), "mode ="),
  "new version exits": override("[custom]\nmode = exit\n", "mode"),
  "new version is ill": override("[custom]\nmode = ill\n", "mode"),
  "new fragment is wrong": () => ({
    contained: "kept",
    where: "appliance",
    files: { "mfserv/var/plugins/victim/extra.conf": "# a line more\nadd_header X-Victim;\n" },
    guilty: ["mfserv/var/plugins/victim/extra.conf", "add_header"],
  }),
  "module: syntax": module(({ port }) => site(port, "this is no ini line\n"), "this is no"),
  "module: unknown key": module(({ port }) => site(port, "tiemout = 3\n"), "tiemout"),
  "module: wrong type": module(({ port }) => site(port, "timeout = eternity\n"), "eternity"),
  "module: impossible port": module(({ port }) => site(port, "https_port = 99999\n"), "99999"),
  "port taken": module(({ takenPort }) => site(takenPort), "port =", "rolled back"),
  "missing certificate": module(({ port }) => site(port, TLS("/nowhere/cert.pem", port + 1)), "cert.pem"),
  "certificate that is none": module(({ port }) => site(port, TLS("/etc/passwd", port + 1)), "ssl_certificate ="),
  "disk full while staging": () => ({
    contained: "rolled back",
    where: "full disk",
    files: serving(),
    guilty: [""],
  }),
};

/** Takes ten seconds: nothing but time can tell. */
export const SLOW: ReadonlySet<string> = new Set(["app that never listens"]);

/** Near relatives of others. */
export const AKIN: ReadonlySet<string> = new Set([
  "unclosed section",
  "no [general]",
  "config.ini is a directory",
  "app with a syntax error",
  "duplicate upstream",
  "module: impossible port",
  "override: syntax",
  "health wrong body",
]);
