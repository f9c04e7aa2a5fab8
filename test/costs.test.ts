/** What the reference says a change costs is what a change does. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Option } from "../src/core/config/option.ts";
import type { Cost } from "../src/core/config/types.ts";
import { MODULE_OPTIONS } from "../src/core/module/options/index.ts";
import { MODULE_NAMES, type ModuleName, type ModulePaths, runtimeLayout } from "../src/core/module/paths.ts";
import { diff } from "../src/core/plan/diff.ts";
import { manifestOf } from "../src/core/plan/manifest.ts";
import { plan } from "../src/core/plan/plan.ts";
import type { Action, Manifest } from "../src/core/plan/types.ts";
import { type PluginOption, SECTIONS } from "../src/core/plugin/options.ts";
import { addPlugin, readInput, temporaryHome } from "./support/planned.ts";

/** By `section.key`, so that no option is without effect because of another one. */
const BASE: Readonly<Record<ModuleName, Readonly<Record<string, string>>>> = {
  mfserv: {
    "admin.hostname": "192.0.2.1",
    "nginx.https_port": "4443",
    "nginx.ssl_certificate": "/c",
    "nginx.ssl_certificate_key": "/k",
    "nginx.real_ip": "1",
  },
  mfdata: {
    "admin.hostname": "192.0.2.1",
    "log.json_file": "/j",
    "ftp.flag": "1",
    "sftp.flag": "1",
    "nginx.upload_directories": "other",
    "internal_plugins.watched_directories": "incoming,other",
    "internal_plugins.switch_no_match_policy": "keep",
  },
};
/** The first that an option may be, and is not, is what it is changed to. */
const SAMPLES =
  "0 1 7 DEBUG rename durable keep incoming /elsewhere 127.0.0.1 0640 10.1.0.0/16 TLSv1.3 X-Other AES".split(" ");
const OTHERS: Readonly<Record<string, string>> = {
  "directory_observer.ignore": "^x$",
  "log.json_file": "/other",
  "admin.hostname": "192.0.2.2",
  "circus.endpoint": "ipc:///x",
  "circus.pubsub_endpoint": "ipc:///x",
  "ftp.completeness": "close",
  "sftp.completeness": "close",
  "internal_plugins.switch_no_match_policy": "delete",
};
const RANKS: readonly Cost[] = ["none", "reload", "swap", "restart"];
const COSTS: Readonly<Record<Action["do"], Cost>> = {
  start: "restart",
  stop: "restart",
  restart: "restart",
  swap: "swap",
  reload: "reload",
  scale: "reload",
};

const nameOf = ({ section, key }: Option): string => `${section}.${key.replace("*", "other")}`;
const optionsOf = (module: ModuleName): readonly Option[] => MODULE_OPTIONS[module].flatMap(({ options }) => options);
const worst = (costs: readonly Cost[]): Cost =>
  RANKS[Math.max(0, ...costs.map((cost) => RANKS.indexOf(cost)))] ?? "none";

function iniOf(values: Readonly<Record<string, string>>): string {
  const sections = Map.groupBy(Object.entries(values), ([name]) => name.replace(/\..*/, ""));
  const lines = [...sections].flatMap(([section, keys]) => [
    `[${section}]`,
    ...keys.map(([name, value]) => `${name.slice(section.length + 1)} = ${value}`),
  ]);
  return `${lines.join("\n")}\n`;
}

function otherValue(option: Option, present: string): string {
  const fits = (text: string): boolean => option.type.schema.safeParse(text).success;
  const found = OTHERS[nameOf(option)] ?? SAMPLES.find((text) => text !== present && fits(text));
  assert.ok(found, nameOf(option));
  return found;
}

/** What a change does to the module's own services; telegraf, which hears of most, counts where nobody else does anything. */
function costOf(before: Manifest, after: Manifest): Cost {
  const own = diff(before, after).filter(
    ({ service }) => (after.services[service] ?? before.services[service])?.plugin === undefined,
  );
  const others = own.filter(({ service }) => !service.startsWith("telegraf"));
  return worst((others.length > 0 ? others : own).map((action) => COSTS[action.do]));
}

async function costsOf(module: ModuleName): Promise<ReadonlyMap<string, Cost>> {
  const input = module === "mfdata" ? join(import.meta.dirname, "golden/mfdata-archive/input") : undefined;
  using home = temporaryHome(module, input);
  const layout = runtimeLayout(home.paths.runtime);
  mkdirSync(layout.config, { recursive: true });
  const manifest = async (values: Readonly<Record<string, string>>): Promise<Manifest> => {
    writeFileSync(layout.userConfig, iniOf(values));
    const planned = plan((await readInput(home.paths)).input);
    assert.ok(planned.ok, JSON.stringify(planned.notes));
    return manifestOf(planned.value);
  };
  const base = BASE[module];
  const before = await manifest(base);
  const costs = new Map<string, Cost>();
  for (const option of optionsOf(module)) {
    const name = nameOf(option);
    const after = await manifest({ ...base, [name]: otherValue(option, base[name] ?? option.default) });
    costs.set(name, costOf(before, after));
  }
  return costs;
}

test("a change of a module's option costs its own services what the reference says", async () => {
  const costs = { mfserv: await costsOf("mfserv"), mfdata: await costsOf("mfdata") };
  const wrong = MODULE_NAMES.flatMap((module) =>
    optionsOf(module).flatMap((option) => {
      // Declared once for both, it says what is true of the one it costs more.
      const sharing = MODULE_NAMES.filter((one) => optionsOf(one).some(({ text }) => text === option.text));
      const real = worst(sharing.map((one) => costs[one].get(nameOf(option)) ?? "none"));
      return real === option.cost
        ? []
        : [`${module} [${option.section}] ${option.key}: ${option.cost}, really ${real}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

/** A plugin with one part, by what its section is called. */
const APP = { "app_x._cmd_and_args": "node x.js", "app_x.numprocesses": "2" };
const STEP = { "step_x._cmd_and_args": "x", "step_x.numprocesses": "1" };
const DAEMON = { "extra_daemon_x._cmd_and_args": "x", "extra_daemon_x.numprocesses": "2" };
const PLUGINS: Readonly<Record<ModuleName, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  mfserv: {
    general: { "general._extra_nginx_server_conf_filename": "lua.conf", ...APP },
    app: APP,
    extra_daemon: DAEMON,
    internal: APP,
  },
  mfdata: {
    general: STEP,
    step: STEP,
    extra_daemon: DAEMON,
    expect: { "expect_x.match": "a*", "expect_x.schedule": "0 * * * *" },
  },
};
const PLUGIN_OTHERS: Readonly<Record<string, string>> = {
  _cmd_and_args: "node y.js",
  numprocesses: "3",
  schedule: "1 * * * *",
  count: "7",
  failure_policy: "delete",
  failure_policy_move_dest_dir: "/other",
  retry_max_wait: "240",
  watched_directories: "/other",
  prefix_based_routing_extra_routes: "/x",
  virtualdomain_based_routing_extra_vhosts: "x.example",
  smart_stop_signal: "2",
  _gateway_interface_mode: "fastcgi",
  _debug_extra_options: "-d",
  _http_test_expected_body: "FINE",
};
const FILES = {
  "f.conf": "# nothing\n",
  "code.lua": "",
  "lua.conf": "location /lua { content_by_lua_block { ngx.say(1) } }\n",
};

/** `_debug_extra_options` counts in debug mode only. */
function basesOf(module: ModuleName, section: string, key: string): Readonly<Record<string, string>> {
  const base = PLUGINS[module][section] ?? {};
  if (key !== "_debug_extra_options") return base;
  return { ...base, "app_x._cmd_and_args": "node x.js {debug_extra_options}", "app_x.debug": "1" };
}

async function pluginManifest(paths: ModulePaths, values: Readonly<Record<string, string>>): Promise<Manifest> {
  const isGeneral = ([name]: readonly [string, string]): boolean => name.startsWith("general.");
  const all = Object.entries(values);
  const general = all.filter(isGeneral).map(([name, value]) => `${name.replace("general.", "")} = ${value}\n`);
  const others = Object.fromEntries(all.filter((one) => !isGeneral(one)));
  addPlugin(paths, "p", { ...FILES, "config.ini": general.join("") + iniOf(others) });
  const { input, notes } = await readInput(paths);
  assert.deepEqual(notes, []);
  const planned = plan(input);
  assert.ok(planned.ok, JSON.stringify(planned.notes));
  return manifestOf(planned.value);
}

test("a change of a plugin's option costs its part what the reference says", async () => {
  const wrong: string[] = [];
  for (const module of MODULE_NAMES) {
    using home = temporaryHome(module);
    for (const [section, options] of Object.entries(SECTIONS[module])) {
      for (const [key, option] of Object.entries<PluginOption>(options)) {
        // The rest of [general] says what the plugin is, and every plugin says it.
        if (section === "general" && (option.initial === undefined || key === "_release")) continue;
        const name = `${["general", "internal"].includes(section) ? section : `${section}_x`}.${key}`;
        const base = basesOf(module, section, key);
        const present = base[name] ?? option.initial;
        const fits = (text: string): boolean => text !== present && option.type.schema.safeParse(text).success;
        const other = PLUGIN_OTHERS[key] ?? (key.endsWith("filename") ? "f.conf" : SAMPLES.find(fits));
        assert.ok(other, name);
        const [before, after] = [
          await pluginManifest(home.paths, base),
          await pluginManifest(home.paths, { ...base, [name]: other }),
        ];
        const real = worst(diff(before, after).map((action) => COSTS[action.do]));
        if (real !== option.cost) wrong.push(`${module} ${name}: ${option.cost}, really ${real}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
