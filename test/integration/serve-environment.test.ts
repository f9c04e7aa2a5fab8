/** What an app finds when it starts: its whole environment, its directories, limits and logs; and a module that is not to start. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

let appliance: Appliance;
let home: string;

/** What `/app` of the plugin is and has. */
interface Found {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly core: string;
  readonly writable: boolean;
}

const SERVER = `const { accessSync, constants, readFileSync } = require("node:fs");
console.log("said by " + process.argv[2]);
console.error("complained by " + process.argv[2]);
require("node:http").createServer((_, reply) => {
  accessSync(process.env.TMPDIR, constants.W_OK);
  const core = /^Max core file size\\s+(\\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))[1];
  reply.end(JSON.stringify({ env: process.env, cwd: process.cwd(), core, writable: true }));
}).listen({ fd: 3 });
`;

before(async () => {
  appliance = await makeAppliance();
  const app = "_cmd_and_args = node {plugin_dir}/server.js {app_name}\n";
  home = appliance.plugin("mfserv", "envy", {
    "config.ini": [
      `${general}_add_plugin_dir_to_python_path = yes\n`,
      `[app_main]\n${app}numprocesses = 2\ntimeout = 7\nlog_split_stdout_stderr = 1\nlog_split_multiple_workers = true\n`,
      `[app_debugged]\n${app}numprocesses = 3\ndebug = y\n`,
      "[custom]\nword = a word\nover = shipped\n_secret = hidden\ntwo-parts = {{MFHARDWARE_NUMBER_OF_CPU_CORES}} cores of {{MFMODULE}}\n",
      "ftp_hostname = 127.0.0.1\nftp_hostnames = 127.0.0.1;127.0.0.2\n[custom_more]\nword = another\n",
    ].join(""),
    "server.js": SERVER,
    "bin/tool": "#!/bin/sh\n",
    ".layerapi2_extra_env": "EXTRA_OF_ENVY = {MFSERV_CURRENT_PLUGIN_NAME}+1\n",
  });
  appliance.write(
    "mfserv/var/plugins/envy/.layerapi2_dependencies",
    "root@mfserv\n-nodejs@mfext\n-python3@mfext\nplugin_other@mfserv\n",
  );
  appliance.plugin("mfserv", "other", { "config.ini": `${general}[custom]\nlent = by the other\nword = not this\n` });
  for (const directory of ["lib", "local/bin", "local/lib", "node_modules"])
    mkdirSync(join(home, directory), { recursive: true });
  appliance.write("mfserv/config/plugins/envy.ini", "[custom]\nover = overridden\n");
});
after(() => appliance[Symbol.asyncDispose]());

async function found(app: string): Promise<Found> {
  const reply = await http(`http://127.0.0.1:${appliance.ports.mfserv}/envy/${app}/`);
  assert.equal(reply.status, 200, reply.body);
  return JSON.parse(reply.body);
}

test("startup.flag = 0: a start does nothing, and is no failure", async () => {
  const file = appliance.write("mfserv/config/config.ini", "[startup]\nflag = 0\n");
  assert.equal((await appliance.run("mfserv_wrapper", "mfserv.start")).code, 0);
  const layout = runtimeLayout(join(appliance.home, "mfserv"));
  assert.ok(!existsSync(layout.supervisorSocket));
  assert.ok(!existsSync(layout.configAuto) || !existsSync(layout.nginxPid));
  assert.equal((await appliance.run("mfserv_wrapper", "mfserv.stop")).code, 0);
  appliance.write(file.slice(appliance.home.length + 1), "[misc]\ncore_size = 0\n");
});

test("an app has the module's environment, its plugin's and its own, and nothing of who started it", async () => {
  process.env["OF_WHO_STARTED_IT"] = "1";
  await appliance.ok("metwork", "start", "mfserv");
  delete process.env["OF_WHO_STARTED_IT"];
  const { env, cwd, core, writable } = await found("main");
  const runtime = join(appliance.home, "mfserv");
  const expected = {
    MFSERV_CURRENT_PLUGIN_NAME: "envy",
    MFSERV_CURRENT_PLUGIN_DIR: home,
    MFSERV_CURRENT_PLUGIN_LABEL: "plugin_envy@mfserv",
    MFSERV_CURRENT_PLUGIN_APP_MAIN_NUMPROCESSES: "2",
    MFSERV_CURRENT_PLUGIN_APP_MAIN_TIMEOUT: "7",
    MFSERV_CURRENT_PLUGIN_APP_MAIN_DEBUG: "0",
    MFSERV_CURRENT_PLUGIN_APP_DEBUGGED_DEBUG: "1",
    MFSERV_CURRENT_PLUGIN_CUSTOM_WORD: "a word",
    MFSERV_CURRENT_PLUGIN_CUSTOM_OVER: "overridden",
    MFSERV_CURRENT_PLUGIN_CUSTOM_FTP_HOSTNAME_IP: "127.0.0.1",
    MFSERV_CURRENT_PLUGIN_CUSTOM_FTP_HOSTNAMES_IPS: "127.0.0.1;127.0.0.2",
    MFSERV_CURRENT_PLUGIN_CUSTOM_MORE_WORD: "another",
    MFSERV_CURRENT_PLUGIN_CUSTOM_LENT: "by the other",
    MFSERV_CURRENT_APP_DEBUG: "0",
    HOTSWAP: "0",
    TMPDIR: join(runtime, "tmp", "envy"),
    MFMODULE: "MFSERV",
    MFMODULE_LOWERCASE: "mfserv",
    MFMODULE_RUNTIME_HOME: runtime,
    MFSERV_NGINX_PORT: String(appliance.ports.mfserv),
    MFLOG_MINIMAL_LEVEL: "INFO",
    MFCONFIG: "GENERIC",
    LC_NUMERIC: "C",
    LISTEN_FDS: "1",
    EXTRA_OF_ENVY: "envy+1",
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, env[name]])), expected);
  assert.match(env["MFSERV_CURRENT_PLUGIN_CUSTOM_TWO_PARTS"] ?? "", /^\d+ cores of MFSERV$/);
  assert.match(env["MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2"] ?? "", /^\d+$/);
  assert.deepEqual(env["PATH"]?.split(":").slice(0, 2), [join(home, "local/bin"), join(home, "bin")]);
  assert.equal(env["PYTHONPATH"]?.split(":")[0], home);
  assert.equal(env["NODE_PATH"]?.split(":")[0], join(home, "node_modules"));
  assert.deepEqual(env["LD_LIBRARY_PATH"]?.split(":").slice(0, 2), [join(home, "local/lib"), join(home, "lib")]);
  const unwanted = Object.keys(env).filter((name) => /SECRET|OF_WHO_STARTED_IT|METWORK_RUNTIME_ROOT/.test(name));
  assert.deepEqual(unwanted, []);
  assert.deepEqual([cwd, core, writable], [home, "0", true]);
});

test("debug: one process, told so, and it logs everything", async () => {
  const { env } = await found("debugged");
  assert.deepEqual(
    [env["MFSERV_CURRENT_APP_DEBUG"], env["MFLOG_MINIMAL_LEVEL"], env["MFSERV_LOG_MINIMAL_LEVEL"]],
    ["1", "DEBUG", "DEBUG"],
  );
  const said = await appliance.ok("mfserv_wrapper", "circusctl", "status", "app.envy.debugged");
  assert.match(said, /active/);
  const numbers = await appliance.ok("mfserv_wrapper", "circusctl", "list", "app.envy.debugged");
  assert.equal(numbers.trim().split(",").length, 1, numbers);
});

test("logs: one file an app; split by stream and worker where it asks for that", async () => {
  const log = (name: string): string => {
    const file = join(appliance.home, "mfserv/log", name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  for (const worker of [1, 2]) {
    await until("what it said", () => /^said by main/m.test(log(`app_envy_main_worker${worker}.stdout`)) || undefined);
    await until(
      "its complaint",
      () => /^complained by main/m.test(log(`app_envy_main_worker${worker}.stderr`)) || undefined,
    );
    assert.doesNotMatch(log(`app_envy_main_worker${worker}.stdout`), /complained/);
  }
  for (const said of ["said by debugged", "complained by debugged"])
    await until("that of the other", () => log("app_envy_debugged.log").includes(said) || undefined);
});

test("var/block_autorestart keeps a module that is ill from being started again", async () => {
  const layout = runtimeLayout(join(appliance.home, "mfserv"));
  appliance.write("mfserv/var/block_autorestart", "");
  const left = await appliance.run("mfserv_wrapper", "mfserv.autorestart");
  assert.match(left.stdout + left.stderr, /block_autorestart/);
  assert.equal(readFileSync(layout.status, "utf8").trim(), "RUNNING");
});
