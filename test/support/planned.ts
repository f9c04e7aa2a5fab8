import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Diagnostic } from "../../src/core/base/diagnostic.ts";
import type { Host, Programs } from "../../src/core/module/host.ts";
import { type ModuleName, type ModulePaths, runtimeLayout } from "../../src/core/module/paths.ts";
import type { PlanInput } from "../../src/core/plan/input.ts";
import type { Plan } from "../../src/core/plan/types.ts";
import { loadConfig } from "../../src/system/load/config.ts";
import { loadLayers } from "../../src/system/load/layers.ts";
import { loadPlugins } from "../../src/system/load/plugins.ts";
import { loadTemplates } from "../../src/system/load/templates.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** A machine that is the same everywhere. */
export function exampleHost(module: ModuleName): Host {
  return {
    name: "box",
    fullName: "box.example.org",
    domain: "example.org",
    ip: "192.0.2.7",
    processors: 2,
    cores: 2,
    memoryKiB: 4_194_304,
    user: module,
    userHome: `/home/${module}`,
    uid: 1001,
  };
}

export const EXAMPLE_PROGRAMS: Programs = {
  node: "/opt/metwork/node_modules/.bin/node",
  nginx: "/usr/sbin/nginx",
  nginxVersion: "1.22.1",
  nginxModules: ["/usr/lib/nginx/modules/ndk_http_module.so", "/usr/lib/nginx/modules/ngx_http_lua_module.so"],
  lua: { path: [], cpath: [], named: { "resty.cookie": "/usr/share/lua/5.1/nginx/cookie.lua" } },
  redis: "/usr/bin/redis-server",
  python3: "/usr/bin/python3",
  python3Version: "3.11",
  telegraf: "/usr/bin/telegraf",
  logrotate: "/usr/sbin/logrotate",
  vsftpd: "/usr/sbin/vsftpd",
  sshd: "/usr/sbin/sshd",
  bubblewrap: "/usr/bin/bwrap",
};

/** A runtime home in a temporary directory, filled from `input`; removed by `dispose`. */
export interface Home extends Disposable {
  readonly paths: ModulePaths;
}

export function temporaryHome(module: ModuleName, input?: string): Home {
  const directory = mkdtempSync(join(tmpdir(), "metwork-"));
  const runtime = join(directory, module);
  mkdirSync(join(runtime, "var", "plugins"), { recursive: true });
  if (input !== undefined) cpSync(input, runtime, { recursive: true });
  const paths = {
    module,
    root: ROOT,
    home: join(ROOT, "modules", module),
    mfext: join(ROOT, "modules", "mfext"),
    runtime,
    etc: join(directory, "etc"),
  };
  return { paths, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Reads a runtime home as the appliance does, but on the example machine. Notes name what was left out, too. */
export async function readInput(paths: ModulePaths): Promise<{ input: PlanInput; notes: readonly Diagnostic[] }> {
  const host = exampleHost(paths.module);
  const config = await loadConfig(paths, host, {});
  if (!config.ok) throw new Error(config.notes.map((note) => note.message).join("\n"));
  const layers = await loadLayers(paths, config.value.env);
  const loaded = await loadPlugins(paths, config.value.env);
  const input: PlanInput = {
    paths,
    config: config.value,
    plugins: loaded.plugins,
    layers: layers.layers,
    host,
    programs: EXAMPLE_PROGRAMS,
    templates: loadTemplates(join(ROOT, "templates")),
  };
  const broken = loaded.broken.flatMap((plugin) => plugin.notes);
  return { input, notes: [...config.notes, ...layers.notes, ...loaded.notes, ...broken] };
}

/** Writes a plan where its programs look for it, with the directories they need. */
export function materialise(plan: Plan, paths: ModulePaths): string {
  const { configAuto, log, tmp } = runtimeLayout(paths.runtime);
  for (const directory of [configAuto, log, tmp]) mkdirSync(directory, { recursive: true });
  for (const { path, mode } of plan.directories) mkdirSync(path, { recursive: true, mode });
  for (const [path, file] of plan.tree) {
    mkdirSync(dirname(join(configAuto, path)), { recursive: true });
    writeFileSync(join(configAuto, path), file.text, { mode: file.mode });
  }
  return configAuto;
}

const GENERAL = `[general]
_version = 0.0.1
_release = 1
_summary = one line
_license = BSD
_url = http://example.org
_maintainer = Jane Doe <jane@example.org>
_vendor = Vendor
`;

/** Puts a plugin into a runtime home; `config.ini` gets its [general] section. */
export function addPlugin(
  { runtime, module }: ModulePaths,
  name: string,
  files: Readonly<Record<string, string>>,
): string {
  const home = join(runtimeLayout(runtime).plugins, name);
  const all = {
    ...files,
    ".layerapi2_label": `plugin_${name}@${module}\n`,
    ".layerapi2_dependencies": "",
    ".plugin_format_version": "0.1.0\n",
    "config.ini": `${GENERAL}${files["config.ini"] ?? ""}`,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return home;
}
