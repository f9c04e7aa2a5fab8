import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModuleName } from "../module/paths.ts";
import { nameCollisions } from "./collisions.ts";
import { commandArgv } from "./command.ts";
import { pluginOptionDocs } from "./options.ts";
import { app, context, part, read, rules, step, valid } from "./read-fixture.ts";

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
      slowWorkerWindowS: 60,
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

  it("exports as the grace of a step what holds: its timeout", () => {
    const { settings } = valid({ module: "mfdata", config: "[step_main]\n_cmd_and_args = x\ntimeout = 70\n" });
    assert.equal(settings["STEP_MAIN_GRACEFUL_TIMEOUT"], "70");
  });

  it("has a setting for the addresses of hosts, unless one is written", () => {
    const config = `[custom]
hostname = 10.1.2.3
ftp_hostname = a.example
mqtt_hostname = b.example
mqtt_hostname_ip = 10.0.0.9
peers_hostnames = a.example; /a/socket;c.example
none_hostname = null
`;
    const { settings } = valid({ module: "mfdata", config });
    assert.deepEqual(
      Object.entries(settings)
        .filter(([name]) => /_IPS?$/.test(name))
        .sort(),
      [
        ["CUSTOM_FTP_HOSTNAME_IP", "dns_error"],
        ["CUSTOM_HOSTNAME_IP", "dns_error"],
        ["CUSTOM_MQTT_HOSTNAME_IP", "10.0.0.9"],
        ["CUSTOM_NONE_HOSTNAME_IP", "null"],
        ["CUSTOM_PEERS_HOSTNAMES_IPS", "dns_error;/a/socket;dns_error"],
      ],
    );
  });

  it("exports how directories are complete as it can be written", () => {
    const config = "[step_main]\n_cmd_and_args = x\nwatched_completeness = rename,  stable:5 recursive,companion:.ok\n";
    const { settings } = valid({ module: "mfdata", config });
    assert.equal(settings["STEP_MAIN_WATCHED_COMPLETENESS"], "rename,stable:5 recursive,companion:.ok");
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
