import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "../base/diagnostic.ts";
import type { ConfigValue, ModuleConfig, Sourced } from "../config/types.ts";
import type { Plugin, Step, SwitchRule } from "../plugin/types.ts";
import { directoryObserverIni, switchRulesInis } from "./compat.ts";
import { flowConfig } from "./config.ts";

const AT: Span = { file: "/p/config.ini", line: 1, col: 1, length: 1 };
const OPTIONS: Readonly<Record<string, ConfigValue>> = {
  "data_in.dir": "/rt/var/in",
  "log.minimal_level": "INFO",
  "admin.hostname": null,
  "telegraf.statsd_port": 18126,
  "data_in.min_free_space": 200,
  "data_in.min_free_inodes": 1000,
  "data_in.max_waiting_files": 0,
  "data_in.trash_max_lifetime": 1440,
  "data_in.tmp_max_lifetime": 60,
  "data_in.other_max_lifetime": 0,
  "data_in.durability": "fast",
  "ftp.flag": false,
  "sftp.flag": false,
  "directory_observer.ignore": "^.*\\.t$;^.*\\.tmp$",
  "directory_observer.forced_poll": 300,
  "directory_observer.poll_queue_limit": 10_000,
  "internal_plugins.watched_completeness": "close, stable:30 recursive",
  "internal_plugins.watched_directories": "incoming, /srv/drop/",
  "internal_plugins.switch_no_match_policy": "keep",
  "internal_plugins.switch_no_match_keep_original_basename": true,
  "internal_plugins.guess_file_type_numprocesses": 4,
  "internal_plugins.guess_file_type_debug": false,
  "internal_plugins.switch_numprocesses": 0,
  "internal_plugins.switch_debug": true,
};

function moduleConfig(): ModuleConfig {
  const values = new Map<string, Sourced<ConfigValue>>();
  for (const [name, value] of Object.entries(OPTIONS)) {
    values.set(name, { value, raw: String(value), origin: "default", shadows: [] });
  }
  return { values, configurationName: "GENERIC", env: {} };
}

function plugin(name: string, command: string, step: Partial<Step> = {}, rules: readonly SwitchRule[] = []): Plugin {
  const main: Step = {
    kind: "step",
    name: "main",
    command,
    instances: 1,
    gracefulTimeoutS: 10,
    maxAgeS: 0,
    debug: false,
    limits: {},
    at: AT,
    keys: {},
    completeness: [],
    maxWaiting: 0,
    priority: 0,
    watchedDirectories: [`/rt/var/in/step.${name}.main`],
    onFailure: { do: "keep" },
    retry: { total: 0, minWaitS: 0, maxWaitS: 0, backoff: 0 },
    timeoutS: 600,
    maxProcessingS: 0,
    durability: "AUTO",
    ...step,
  };
  const label = `plugin_${name}@mfdata`;
  return {
    name,
    label,
    home: `/rt/var/plugins/${name}`,
    version: "1",
    release: "1",
    summary: "",
    about: { version: "1", release: "1", license: "", maintainer: "", vendor: "", url: "" },
    addToPythonPath: true,
    addToLuaPath: true,
    parts: [main],
    rules,
    expectations: [],
    settings: {},
    layer: { label, home: `/rt/var/plugins/${name}`, needs: [], conflicts: [], extraEnv: [], has: new Set() },
    crontab: [],
    fragments: {},
    nginx: {},
    nginxDisabled: false,
    written: { files: [], keys: {} },
    at: AT,
  };
}

function rule(name: string, type: SwitchRule["type"], pattern: string, targets: SwitchRule["targets"]): SwitchRule {
  return { plugin: name, switch: "switch", type, tag: type === "alwaystrue" ? "" : "my.tag", pattern, targets, at: AT };
}

const TO_ARCHIVE = [{ plugin: "archive", step: "main", hardlink: true }];
const PLUGINS: readonly Plugin[] = [
  plugin("archive", "archive_step --dest-dir=/archive", {}, [
    rule("archive", "fnmatch", "a=b#*", TO_ARCHIVE),
    rule("archive", "alwaystrue", "x", [...TO_ARCHIVE, { plugin: "gone", step: "main", hardlink: false }]),
  ]),
  plugin("custom", "/rt/var/plugins/custom/main.py", { instances: 3 }),
  plugin("guess_file_type", "guess_file_type_step --dest-dir=switch/main"),
  plugin("switch", "switch_step"),
  plugin("wrong", "move_step", { retry: { total: 3, minWaitS: 1, maxWaitS: 2, backoff: 0 } }),
  plugin("quarantined", "delete_step", {
    watchedDirectories: ["/elsewhere/", "/rt/var/in/step.quarantined.main"],
    onFailure: { do: "move", to: "nowhere" },
    retry: { total: 3, minWaitS: 1, maxWaitS: 2, backoff: 0 },
  }),
];

function made(plugins: readonly Plugin[] = PLUGINS) {
  const paths = { module: "mfdata", root: "/r", home: "/r/m", mfext: "/r/e", runtime: "/rt", etc: "/etc" } as const;
  const result = flowConfig({
    plugins,
    config: moduleConfig(),
    paths,
    argvOf: (step) => step.command.split(" "),
  });
  assert.ok(result.ok);
  return result;
}

test("steps are run as the module and the plugins say", () => {
  const { value } = made();
  assert.deepEqual(
    value.steps.map(({ plugin: name, lanes, debug, work, onFailure }) => [name, work.do, lanes, debug, onFailure.do]),
    [
      ["archive", "archive", 1, false, "keep"],
      ["custom", "external", 1, false, "keep"],
      ["guess_file_type", "guess_file_type", 4, false, "keep"],
      ["switch", "switch", 0, true, "keep"],
      ["quarantined", "delete", 1, false, "keep"],
    ],
  );
  assert.deepEqual(
    value.steps.map(({ retry }) => retry?.total),
    [undefined, undefined, undefined, undefined, 3],
  );
  const work = value.steps[3]?.work;
  assert.ok(work?.do === "switch");
  assert.deepEqual([work.noMatch, work.noMatchOriginalName, work.rules.length], ["keep", true, 2]);
});

test("the entrance feeds the first step, every step its own directory", () => {
  assert.deepEqual(
    made().value.watched.map(({ directory, steps, external }) => [directory, steps.join(), external]),
    [
      ["/rt/var/in/step.archive.main", "archive.main", false],
      ["/rt/var/in/step.custom.main", "custom.main", false],
      ["/rt/var/in/step.guess_file_type.main", "guess_file_type.main", false],
      ["/rt/var/in/step.switch.main", "switch.main", false],
      ["/rt/var/in/step.quarantined.main", "quarantined.main", false],
      ["/elsewhere", "quarantined.main", true],
      ["/rt/var/in/incoming", "guess_file_type.main", true],
      ["/srv/drop", "guess_file_type.main", true],
    ],
  );
});

test("what cannot be honoured is said, with its plugin and place", () => {
  assert.deepEqual(
    made().notes.map(({ code, severity, plugin: name, at }) => [code, severity, name, at]),
    [
      ["MF7002", "warning", "wrong", AT],
      ["MF7003", "warning", "quarantined", AT],
      ["MF7005", "warning", "archive", AT],
    ],
  );
});

test("a step that sends files, also those it failed on, to a step that is not there, is told of it", () => {
  const onFailure = { do: "move", to: "gone/main" } as const;
  const plugins = [
    plugin("copies", "copy_step --dest-dirs=moves/main,away/main*"),
    plugin("moves", "move_step --dest-dir=copies/main", { onFailure }),
  ];
  assert.deepEqual(
    made(plugins).notes.map(({ code, message }) => `${code} ${message}`),
    [
      "MF7005 [step_main] of copies leads to away/main, which is no step of an installed plugin",
      "MF7005 failure_policy_move_dest_dir of [step_main] of moves leads to gone/main, which is no step of an installed plugin",
    ],
  );
});

test("the predecessor's files", () => {
  const { value } = made();
  const ini = directoryObserverIni(value);
  assert.match(ini, /^\[common\]\nforced_poll=300\npoll_queue_limit=10000\n/);
  assert.match(
    ini,
    /\n\[step_guess_file_type_main_2\]\nactive=true\ndirectory=\/rt\/var\/in\/incoming\nqueue=step.guess_file_type.main\n/,
  );
  assert.equal(
    switchRulesInis(value).get("switch"),
    "[switch_rules_archive:fnmatch:my.tag]\na@@@@@@b~~~~~~* = archive/main*\n\n" +
      "[switch_rules_archive:alwaystrue]\nx = archive/main*, gone/main\n",
  );
});

test("the rules of a plugin that goes go with it, also when it was the last that had any", () => {
  const { value } = made(PLUGINS.filter(({ name }) => name !== "archive"));
  const work = value.steps.find(({ plugin: name }) => name === "switch")?.work;
  assert.deepEqual(work?.do === "switch" && work.rules, []);
  assert.equal(switchRulesInis(value).get("switch"), "");
});

test("rules that are functions are told with the directory of their file, and each switch its own", () => {
  const functions = [
    rule("custom", "python", "rules.mine", TO_ARCHIVE),
    rule("custom", "js", "/opt/site:rules.mine", TO_ARCHIVE),
    { ...rule("custom", "python", "rules.second", TO_ARCHIVE), switch: "second" },
  ];
  const plugins = [
    plugin("custom", "delete_step", {}, functions),
    ...["switch", "second"].map((name) => plugin(name, "switch_step")),
  ];
  const patterns = made(plugins).value.steps.flatMap(({ plugin: name, work }) => {
    return work.do === "switch" ? [[name, ...work.rules.map(({ pattern }) => pattern)]] : [];
  });
  assert.deepEqual(patterns, [
    ["switch", "/rt/var/plugins/custom:rules.mine", "/opt/site:rules.mine"],
    ["second", "/rt/var/plugins/custom:rules.second"],
  ]);
});
