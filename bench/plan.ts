import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { runtimeLayout } from "../src/core/module/paths.ts";
import { diff } from "../src/core/plan/diff.ts";
import type { PlanInput } from "../src/core/plan/input.ts";
import { manifestOf } from "../src/core/plan/manifest.ts";
import { plan } from "../src/core/plan/plan.ts";
import type { App, Plugin } from "../src/core/plugin/types.ts";
import { findPrograms } from "../src/system/host/programs.ts";
import { materialise, readInput, temporaryHome } from "../test/support/planned.ts";

/** `node bench/plan.ts [PLUGINS]`: times plan() of that many plugins (1000) of two apps each, and nginx on its result. */
const count = Number(process.argv[2] ?? 1000);
const ROUNDS = 7;

using home = temporaryHome("mfserv");
const { input } = await readInput(home.paths);
const plugins = Array.from({ length: count }, (_, index) => makePlugin(index, input));
const programs = findPrograms();
const many: PlanInput = { ...input, plugins, programs, host: { ...input.host, uid: process.getuid?.() ?? 0 } };

const times: number[] = [];
for (let round = 0; round < ROUNDS; round++) times.push(timed(() => plan(forgetful(many))).ms);
const planned = plan(many);
if (!planned.ok) throw new Error("the example cannot be planned");
const { tree, services } = planned.value;
const bytes = [...tree.values()].reduce((sum, file) => sum + file.text.length, 0);
const manifest = timed(() => manifestOf(planned.value));
const changed = {
  ...many,
  plugins: plugins.map((plugin, index) => (index === 7 ? { ...plugin, settings: { CUSTOM_X: "2" } } : plugin)),
};
const next = plan(changed);
const compared = timed(() => diff(manifest.value, next.ok ? manifestOf(next.value) : manifest.value));

console.log(
  `plugins                 ${count}, ${Object.keys(services).length} services, ${tree.size} files, ${Math.round(bytes / 1024)} KiB`,
);
console.log(`plan(), first           ${round(times[0])} ms`);
console.log(`plan(), median of ${ROUNDS}     ${round([...times].sort((a, b) => a - b)[ROUNDS >> 1])} ms`);
const kilobytes = JSON.stringify(manifest.value).length / 1024;
console.log(`manifestOf()            ${round(manifest.ms)} ms, ${Math.round(kilobytes)} KiB`);
console.log(`manifestOf() and diff() ${round(compared.ms)} ms, ${compared.value.length} actions`);

const configAuto = materialise(planned.value, home.paths);
const file = join(runtimeLayout(home.paths.runtime).configAuto, "nginx.conf");
const nginx = timed(() =>
  spawnSync(programs.nginx ?? "nginx", ["-t", "-q", "-e", "stderr", "-p", configAuto, "-c", file]),
);
console.log(`nginx -t                ${round(nginx.ms)} ms, exit ${nginx.value.status} ${nginx.value.stderr}`);

/** Plans remember what they computed for the same environments; a new process has nothing to remember. */
function forgetful(value: PlanInput): PlanInput {
  return { ...value, layers: [...value.layers], config: { ...value.config, env: { ...value.config.env } } };
}

function timed<T>(work: () => T): { value: T; ms: number } {
  const begun = performance.now();
  const value = work();
  return { value, ms: performance.now() - begun };
}

function round(ms: number | undefined): string {
  return (ms ?? 0).toFixed(1).padStart(8);
}

function makePlugin(index: number, { paths }: PlanInput): Plugin {
  const name = `plugin${String(index).padStart(4, "0")}`;
  const label = `plugin_${name}@mfserv`;
  const home = join(runtimeLayout(paths.runtime).plugins, name);
  const at = { file: join(home, "config.ini"), line: 1, col: 1, length: 1 };
  const app = (appName: string, command: string): App => ({
    kind: "app",
    name: appName,
    command,
    instances: 2,
    gracefulTimeoutS: 10,
    maxAgeS: 0,
    debug: false,
    limits: { openFiles: 1000, stack: 10_000_000, fileSize: 100_000_000 },
    at,
    keys: {},
    timeoutS: index % 3 === 0 ? 30 : 0,
    smartStopSignal: 15,
    smartStopDelayS: 3,
    smartStartDelayS: 3,
    livenessIntervalS: 10,
    slowWorkerWindowS: 60,
    debugOptions: "",
    gateway: "http",
    prefixRouting: true,
    virtualDomainRouting: index % 10 === 0,
    extraRoutes: index % 5 === 0 && appName === "main" ? [`/short${index}`] : [],
    extraVhosts: [],
    staticRouting: true,
    staticUrlPrefix: "/static",
    staticDirectory: "/static",
  });
  return {
    name,
    label,
    home,
    version: "0.0.1",
    release: "1",
    summary: "one line",
    about: {
      version: "0.0.1",
      release: "1",
      license: "BSD",
      maintainer: "Jane",
      vendor: "Vendor",
      url: "http://example.org",
    },
    addToPythonPath: true,
    addToLuaPath: false,
    parts: [
      app("main", 'node "{plugin_dir}/{app_name}/server.js" {timeout}'),
      app("api", 'bjoern_wrapper.py --timeout={timeout} {app_name}.wsgi:app "{unix_socket_path}"'),
    ],
    rules: [],
    expectations: [],
    settings: { CUSTOM_X: "1", APP_MAIN_NUMPROCESSES: "2", APP_API_NUMPROCESSES: "2" },
    layer: {
      label,
      home,
      needs: [{ label: "python3@mfext", optional: true }],
      conflicts: [],
      extraEnv: [],
      has: new Set(["bin"]),
    },
    crontab: [],
    fragments: {},
    nginx: {},
    nginxDisabled: false,
    written: { files: [at.file], keys: writtenKeys(index) },
    at,
  };
}

/** Twelve lines, as a plugin made from a template has. */
function writtenKeys(index: number): Plugin["written"]["keys"] {
  const names = ["_cmd_and_args", "numprocesses", "timeout", "debug", "max_age", "rlimit_nofile"];
  const keys = ["app_main", "app_api"].flatMap((section) => names.map((name) => `${section}.${name}`));
  return Object.fromEntries(keys.map((key, line) => [key, [`value${index}`, 0, line + 10]]));
}
