import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { app, GENERAL, type Given, read, rules, step } from "./read-fixture.ts";

type Mistake = readonly [what: string, given: Given, code: string, line: number, fix: RegExp];

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
