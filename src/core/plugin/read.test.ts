import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModuleName } from "../module/paths.ts";
import { nameCollisions } from "./collisions.ts";
import { commandArgv } from "./command.ts";
import { pluginOptionDocs } from "./options.ts";
import { type PluginContext, type PluginSource, readPlugin } from "./read.ts";
import type { App, Plugin, Step } from "./types.ts";

const GENERAL = `[general]
_version = 1.0.0
_summary = a summary
_license = BSD
_url = http://example.org
_maintainer = Me <me@example.org>
_vendor = Us
`;

function context(module: ModuleName, configurationName = "GENERIC"): PluginContext {
  const paths = {
    module,
    root: "/r",
    home: `/r/modules/${module}`,
    mfext: "/r/modules/mfext",
    runtime: "/rt",
    etc: "/etc",
  };
  const env = { MFMODULE_VERSION: "9.9", MFSERV_NGINX_TIMEOUT: "60", MFDATA_DATA_IN_DIR: "/data/in" };
  return { paths, env, configurationName, layers: [] };
}

interface Given {
  readonly module?: ModuleName;
  readonly config?: string;
  readonly user?: string;
  readonly source?: Partial<PluginSource>;
  readonly label?: string;
  readonly dependencies?: string;
  readonly configurationName?: string;
  readonly fragments?: ReadonlyMap<string, string>;
}

/** Reads a plugin made of the given texts; `config` stands below a valid [general], which takes the first seven lines. */
function read(given: Given, general = GENERAL) {
  const module = given.module ?? "mfserv";
  const config = (origin: "package" | "user", file: string, text: string) => ({
    origin,
    file,
    read: { ok: true as const, text },
  });
  const source: PluginSource = {
    home: "/p",
    devlink: false,
    names: ["config.ini"],
    layer: {
      home: "/p",
      label: given.label ?? `plugin_foo@${module}\n`,
      has: new Set(),
      ...(given.dependencies === undefined ? {} : { dependencies: given.dependencies }),
    },
    formatVersion: "1.0.0\n",
    configs: [
      config("package", "/p/config.ini", general + (given.config ?? "")),
      ...(given.user === undefined ? [] : [config("user", "/rt/config/plugins/foo.ini", given.user)]),
    ],
    ...given.source,
  };
  return readPlugin(source, context(module, given.configurationName), given.fragments);
}

function valid(given: Given): Plugin {
  const plugin = read(given);
  assert.ok(plugin.ok, JSON.stringify(plugin.notes, null, 1));
  return plugin.value;
}

function part<K extends "app" | "step">(plugin: Plugin): K extends "app" ? App : Step {
  const [found] = plugin.parts;
  assert.ok(found !== undefined);
  return found as K extends "app" ? App : Step;
}

type Mistake = readonly [what: string, given: Given, code: string, line: number, fix: RegExp];

const app = (lines: string): Given => ({ config: `[app_main]\n${lines}` });
const step = (lines: string): Given => ({ module: "mfdata", config: `[step_main]\n${lines}` });
const rules = (lines: string): Given => ({ module: "mfdata", config: lines });

const MISTAKES: readonly Mistake[] = [
  ["an unknown key", app("numproceses = 2"), "MF3023", 9, /`numprocesses`/],
  ["an unknown section", { config: "[apps_main]\nnumprocesses = 1" }, "MF3025", 8, /\[app_main\]/],
  ["a step in a plugin of mfserv", { config: "[step_main]\nnumprocesses = 1" }, "MF3025", 8, /\[app_main\]/],
  ["a number that is none", app("_cmd_and_args = x\nnumprocesses = 2x"), "MF3022", 10, /count/],
  ["a number with a fraction", app("timeout = 1.5"), "MF3022", 9, /integer \(seconds\)/],
  ["too many processes", app("_cmd_and_args = x\nnumprocesses = 100000"), "MF3022", 10, /count/],
  ["a boolean that is none", app("debug = ja"), "MF3022", 9, /boolean/],
  ["a key written twice", app("debug = 0\ndebug = 1"), "MF1003", 10, /./],
  ["a line that is no key", app("debug"), "MF1001", 9, /./],
  ["a quote that is never closed", app("numprocesses = 1\n_cmd_and_args = run 'x"), "MF3040", 10, /close the quote/],
  [
    "a custom key that is not there",
    app("numprocesses = 1\n_cmd_and_args = x {CUSTOM_LEVEL}\n[custom]\nlevl = 1"),
    "MF3042",
    10,
    /CUSTOM_LEVL/,
  ],
  ["processes of no command", app("numprocesses = 1"), "MF3031", 9, /_cmd_and_args/],
  ["a name with a dot", { config: "[app_ma.in]\nnumprocesses = 0" }, "MF3026", 8, /letters/],
  ["a fragment outside the plugin", app("_extra_nginx_conf_filename = ../x.conf"), "MF3022", 9, /path in the plugin/],
  ["a fragment that is not there", app("_extra_nginx_conf_filename = x.conf"), "MF3060", 9, /create \/p\/x.conf/],
  ["a route with a trailing slash", app("prefix_based_routing_extra_routes = /a;/b/"), "MF3036", 9, /none after/],
  ["a route that would break nginx", app("prefix_based_routing_extra_routes = /a { }"), "MF3036", 9, /./],
  ["a host name that is none", app("virtualdomain_based_routing_extra_vhosts = a b"), "MF3037", 9, /separated by/],
  ["a key of before 1.0", step("cmd = x"), "MF3024", 9, /_cmd_and_args/],
  ["an argument of before 1.0", step("arg_dest-dir = x"), "MF3024", 9, /_cmd_and_args/],
  ["waits in the wrong order", step("retry_min_wait = 20\nretry_max_wait = 10"), "MF3033", 10, /raise/],
  ["an unknown policy", step("failure_policy = kepe"), "MF3022", 9, /keep, delete, move/],
  ["a move that leads nowhere", step("failure_policy = move"), "MF3034", 9, /plugin\/step/],
  ["a relative watched directory", step("watched_directories = {MFDATA_CURRENT_STEP_DIR},in"), "MF3035", 9, /absolute/],
  ["an unknown type of rule", rules("[switch_rules:fnmach:first.core.x]\n*.png = main"), "MF3051", 8, /`fnmatch`/],
  ["a rule without tag", rules("[switch_rules:equal]\nx = main"), "MF3052", 8, /:TAG/],
  ["a rule with a tag too many", rules("[switch_rules:alwaystrue:x]\n* = main"), "MF3053", 8, /alwaystrue\]/],
  ["a regular expression that is none", rules("[switch_rules:regex:x]\na(b = main"), "MF3054", 9, /./],
  ["an expression that is none", rules("[switch_rules:expression]\nx['a'] == = main"), "MF3056", 9, /compare tags/],
  ["a function without module", rules("[switch_rules:python]\nis_mine = main"), "MF3057", 9, /module\.function/],
  ["a target that is no step", rules("[switch_rules:equal:x]\na = main, b/c/d"), "MF3055", 9, /`plugin\/step`/],
  ["a template that is never closed", { config: "[custom]\na = {% if x %}" }, "MF3028", 9, /raw/],
  ["a missing layer", { dependencies: "# needs\npython3@mfext\n" }, "MF3011", 2, /./],
];

describe("mistakes in a plugin", () => {
  for (const [what, given, code, line, fix] of MISTAKES) {
    it(`${what}: ${code} at line ${line}`, () => {
      const plugin = read(given);
      assert.equal(plugin.ok, false);
      const errors = plugin.notes.filter((note) => note.severity === "error");
      assert.deepEqual(
        errors.map((note) => [note.code, note.at?.line]),
        [[code, line]],
        JSON.stringify(errors),
      );
      assert.match(errors[0]?.fix ?? "", fix);
      assert.equal(errors[0]?.plugin, "foo");
    });
  }

  it("are all reported at once", () => {
    const plugin = read(app("numprocesses = x\ntimeout = y\nfoo = z\n[bar]\na = 1"));
    assert.deepEqual(
      plugin.notes.map((note) => note.at?.line),
      [9, 10, 11, 12],
    );
  });

  it("point into the override file when it is there that they are", () => {
    const plugin = read({ ...app("timeout = 5"), user: "[app_main]\ntimeout = soon\n" });
    assert.equal(plugin.ok, false);
    assert.deepEqual([plugin.notes[0]?.at?.file, plugin.notes[0]?.at?.line], ["/rt/config/plugins/foo.ini", 2]);
  });

  for (const [what, given, code] of [
    ["no label", { source: { layer: { home: "/p", has: new Set<string>() } } }, "MF3003"],
    ["the label of another module", { label: "plugin_foo@mfdata" }, "MF3002"],
    ["a label with a slash in the name", { label: "plugin_../x@mfserv" }, "MF3004"],
    ["a reserved name", { label: "plugin_config@mfserv" }, "MF3001"],
    ["no config.ini", { source: { configs: [] } }, "MF3006"],
    ["a format of before 1.0", { source: { formatVersion: "0.9" } }, "MF3007"],
  ] as const) {
    it(`${what}: ${code}`, () => {
      const plugin = read(given);
      assert.equal(plugin.ok, false);
      assert.equal(plugin.notes[0]?.code, code);
    });
  }

  it("a missing or empty required key names the key and points at its section or value", () => {
    const plugin = read({}, GENERAL.replace("_vendor = Us\n", "").replace("= BSD", "=").replace("1.0.0", "1.0 BETA"));
    assert.deepEqual(
      plugin.notes.map((note) => [note.code, note.at?.line, /_\w+/.exec(note.message)?.[0]]),
      [
        ["MF3022", 2, "_version"],
        ["MF3022", 4, "_license"],
        ["MF3021", 1, "_vendor"],
      ],
    );
  });

  it("a plugin without [general] is refused once", () => {
    const plugin = read({ config: "[custom]\na = 1" }, "");
    assert.deepEqual(
      plugin.notes.map((note) => note.code),
      ["MF3020"],
    );
  });
});

describe("a valid plugin", () => {
  it("warns about a command that will not run, and about a placeholder that is nearly one", () => {
    const first = read(app("_cmd_and_args = x"));
    assert.ok(first.ok);
    assert.deepEqual(
      first.notes.map((note) => [note.code, note.severity]),
      [["MF3030", "warning"]],
    );
    const second = read(app("numprocesses = 1\n_cmd_and_args = x {unix_socket_pth}"));
    assert.ok(second.ok);
    assert.deepEqual(
      second.notes.map((note) => [note.code, note.severity, note.at?.line, note.at?.col]),
      [["MF3042", "warning", 10, 19]],
    );
  });

  it("has the documented defaults", () => {
    const only = part<"app">(valid(app("numprocesses = 2\n_cmd_and_args = x")));
    const { keys, at, commandAt, ...rest } = only;
    assert.deepEqual([Object.keys(keys), at.line, commandAt?.col], [["numprocesses", "_cmd_and_args"], 8, 17]);
    assert.deepEqual(rest, {
      kind: "app",
      name: "main",
      command: "x",
      instances: 2,
      gracefulTimeoutS: 10,
      maxAgeS: 0,
      debug: false,
      limits: { tasks: 1000 },
      livenessIntervalS: 10,
      timeoutS: 0,
      smartStopSignal: 15,
      smartStopDelayS: 3,
      smartStartDelayS: 3,
      debugOptions: "",
      gateway: "http",
      prefixRouting: true,
      virtualDomainRouting: false,
      extraRoutes: [],
      extraVhosts: [],
      staticRouting: true,
      staticUrlPrefix: "/static",
      staticDirectory: "/static",
    });
  });

  it("runs one process for ever in debug mode", () => {
    const only = part<"app">(valid(app("numprocesses = 4\nmax_age = 60\ndebug = 1\n_cmd_and_args = x")));
    assert.deepEqual([only.instances, only.maxAgeS], [1, 0]);
  });

  it("exports every public key of every section", () => {
    const { settings } = valid({
      config: "[custom]\nDest-dir = /a b\n_hidden = 1\n[app_main]\nnumprocesses = 1\ndebug = yes\n_cmd_and_args = x\n",
    });
    assert.equal(settings["CUSTOM_DEST_DIR"], "/a b");
    assert.equal(settings["APP_MAIN_DEBUG"], "1");
    assert.equal(settings["APP_MAIN_LOG_SPLIT_STDOUT_STDERR"], "AUTO");
    assert.deepEqual(
      Object.keys(settings).filter((name) => /HIDDEN|CMD/.test(name)),
      [],
    );
  });

  it("expands variables, the plugin's own among them, and prefers the variant of the configuration", () => {
    const config = "[custom]\na = {{MFSERV_CURRENT_PLUGIN_NAME}} {{NOBODY}}.\nb = 1\nb[DEV] = 2\n";
    const { settings } = valid({ config, configurationName: "DEV_ME" });
    assert.deepEqual([settings["CUSTOM_A"], settings["CUSTOM_B"]], ["foo .", "2"]);
  });

  it("reads rules: escapes, brackets at the end, several switches, own and foreign targets in one line", () => {
    const plugin = valid(
      rules(
        "[switch_rules:fnmatch:first.core.original_basename]\n*.[pg] = main!9, other/keep*!2\na@@@@@@b~~~~~~ = main\n" +
          "[switch_rules@mine:alwaystrue]\n* = main\n[switch_rules:regex:x.y]\n.*\\.bufr(\\.gz)?$ = main\n" +
          "[switch_rules:python]\nrules.is_mine = main\n",
      ),
    );
    assert.deepEqual(
      plugin.rules.map(({ at, plugin: owner, ...rule }) => rule),
      [
        {
          switch: "switch",
          type: "fnmatch",
          tag: "first.core.original_basename",
          pattern: "*.[pg]",
          targets: [
            { plugin: "foo", step: "main", hardlink: false, priority: 9 },
            { plugin: "other", step: "keep", hardlink: true, priority: 2 },
          ],
        },
        {
          switch: "switch",
          type: "fnmatch",
          tag: "first.core.original_basename",
          pattern: "a=b#",
          targets: [{ plugin: "foo", step: "main", hardlink: false }],
        },
        {
          switch: "mine",
          type: "alwaystrue",
          tag: "",
          pattern: "*",
          targets: [{ plugin: "foo", step: "main", hardlink: false }],
        },
        {
          switch: "switch",
          type: "regex",
          tag: "x.y",
          pattern: ".*\\.bufr(\\.gz)?$",
          targets: [{ plugin: "foo", step: "main", hardlink: false }],
        },
        {
          switch: "switch",
          type: "python",
          tag: "",
          pattern: "rules.is_mine",
          targets: [{ plugin: "foo", step: "main", hardlink: false }],
        },
      ],
    );
  });

  it("leaves Python-only regular expressions alone", () => {
    valid(rules("[switch_rules:regex:x]\n(?P<a>x)(?P@@@@@@a)\\Z = main\n(?i)abc = main\n(?P<b>x) = main"));
  });

  it("leaves a rule that could take for ever out, and says so", () => {
    const plugin = read(rules("[switch_rules:regex:x]\n(?!a)(b+)+c = main\n(b+)+c = main"));
    assert.deepEqual(
      [plugin.ok, plugin.notes.map(({ code, severity }) => [code, severity])],
      [true, [["MF3058", "warning"]]],
    );
  });

  it("shows a condition of before 1.0 as the rule it is today", () => {
    const plugin = read(step("switch_logical_condition = ( x['first.core.original_basename'] == 'a' )"));
    assert.equal(plugin.ok, false);
    assert.match(
      plugin.notes[0]?.fix ?? "",
      /\[switch_rules:expression\]: `\( x\['first.core.original_basename'\] == 'a' \) = main`/,
    );
  });

  it("takes version and release from the build, and says dev_link for a working directory", () => {
    const metadata = '{"version": "7", "release": "3"}';
    assert.deepEqual([valid({ source: { metadata } }).version, valid({ source: { metadata } }).release], ["7", "3"]);
    assert.equal(valid({ source: { devlink: true } }).version, "dev_link");
    assert.equal(valid({}).version, "1.0.0");
    const broken = read({ source: { metadata: "{" } });
    assert.deepEqual([broken.ok, broken.notes[0]?.code], [true, "MF3008"]);
  });

  it("renders its crontab and fragments in its environment, strictly", () => {
    const crontab = "# c\n\n0 3 * * * x {{MFSERV_CURRENT_PLUGIN_CUSTOM_A}} {{TMPDIR}}\n";
    const config = "[custom]\na = 1\n[app_main]\n_extra_nginx_conf_filename = f.conf\n";
    const fragments = new Map([["f.conf", "set $x {{MFSERV_CURRENT_PLUGIN_DIR}};\n"]]);
    const plugin = valid({ config, source: { crontab }, fragments });
    assert.deepEqual(plugin.crontab, ["0 3 * * * x 1 /rt/tmp/foo"]);
    assert.deepEqual(plugin.fragments, { "f.conf": "set $x /p;" });

    const unknown = read({ config, source: { crontab: "\n* * * * * {{NOBODY}}" }, fragments });
    assert.ok(unknown.ok);
    assert.deepEqual(unknown.value.crontab, []);
    assert.deepEqual(
      unknown.notes.map((note) => [note.code, note.severity, note.at?.line]),
      [["MF3062", "warning", 2]],
    );
    const bad = read({ config, fragments: new Map([["f.conf", "a;\n{{MFNOBODY}};"]]) });
    assert.deepEqual([bad.ok, bad.notes[0]?.code, bad.notes[0]?.at?.line], [false, "MF3061", 2]);
  });
});

describe("commands", () => {
  const argv = (module: ModuleName, config: string): readonly string[] => {
    const plugin = valid({ module, config });
    const [only] = plugin.parts;
    assert.ok(only !== undefined);
    const made = commandArgv(only, plugin, context(module));
    assert.ok(made.ok);
    return made.value;
  };

  it("of apps", () => {
    const config = (more: string): string =>
      `[custom]\nx = a 'b' $c\n[app_main]\nnumprocesses=1\n_debug_extra_options=--debug "--a b"\n${more}\n` +
      `_cmd_and_args=run {debug_extra_options} --t={timeout} "{plugin_dir}/x y" {app_name} {CUSTOM_X} {unix_socket_path} $(circus.wid)`;
    const rest = ["--t=60", "/p/x y", "main", "a 'b' $c", "{unix_socket_path}", "$(circus.wid)"];
    assert.deepEqual(argv("mfserv", config("")), ["run", ...rest]);
    assert.deepEqual(argv("mfserv", config("debug=1")), ["run", "--debug", "--a b", ...rest]);
    assert.deepEqual(argv("mfserv", config("timeout=7"))[1], "--t=7");
  });

  it("of steps", () => {
    const config =
      "[step_main]\nnumprocesses=1\nfailure_policy=move\nfailure_policy_move_dest_dir=/a b\n" +
      "_cmd_and_args={{MFDATA_CURRENT_PLUGIN_DIR}}/main.py {MFDATA_CURRENT_STEP_DIR} {ORIGINAL_UID} {STANDARD_STEP_ARGUMENTS}";
    assert.deepEqual(argv("mfdata", config), [
      "/p/main.py",
      "/data/in/step.foo.main",
      "{ORIGINAL_UID}",
      "--failure-policy=move",
      "--failure-policy-move-dest-dir=/a b",
      "--step-name=main",
      "--redis-unix-socket-path=/rt/var/redis.socket",
      "step.foo.main",
    ]);
  });

  it("of daemons", () => {
    assert.deepEqual(argv("mfserv", "[extra_daemon_d]\nnumprocesses=1\n_cmd_and_args=w {plugin_name} {extra_name}"), [
      "w",
      "foo",
      "d",
    ]);
  });
});

describe("names", () => {
  it("of parts must not meet in one file", () => {
    const make = (name: string, apps: string) =>
      valid({ label: `plugin_${name}@mfserv`, config: `[app_${apps}]\ndebug = 0` });
    const notes = nameCollisions([make("a", "b_c"), make("a_b", "c"), make("x", "c")]);
    assert.deepEqual(
      notes.map((note) => [note.code, note.plugin]),
      [["MF3070", "a_b"]],
    );
  });
});

describe("the option reference", () => {
  it("describes every option with a sentence, once", () => {
    const docs = pluginOptionDocs();
    const ids = docs.map((doc) => `${doc.module} ${doc.section} ${doc.key}`);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(docs.length > 60);
    for (const doc of docs) assert.match(doc.summary, /^[`A-Z].{9,}/, doc.key);
  });
});
