/** What scripts of operators and Makefiles of plugins call by its former name. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { run } from "../../src/kit/exec.ts";
import { readProcess } from "../../src/kit/linux/process.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";
import { orphanWorker } from "../support/orphan.ts";

const SERVER = `console.log("up"); console.error("ready");
require("node:http").createServer((_, reply) => reply.end("here")).listen({ fd: 3 });`;
const INI = `${general}[app_main]
_cmd_and_args = node {plugin_dir}/server.cjs
numprocesses = 2
prefix_based_routing_extra_routes = /here
debug = 0
log_split_stdout_stderr = 1
log_split_multiple_workers = 1
[custom]
foo = a "quoted" word
`;
let appliance: Appliance;
let home: string;
before(async () => {
  appliance = await makeAppliance();
  home = appliance.plugin("mfserv", "held", { "config.ini": INI, "server.cjs": SERVER });
  await appliance.ok("mfserv.start");
});
after(() => appliance[Symbol.asyncDispose]());

/** Our commands as somebody in the module's environment calls them, everything else through the wrapper. */
const mfserv = (...words: readonly string[]) => {
  const ours = existsSync(join(root, "bin", words[0] ?? "")) && !IN_LAYERS.test(words[0] ?? "");
  const argv = ours ? words : ["mfserv_wrapper", ...words];
  const env = {
    ...process.env,
    ...OWN,
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ETC: join(appliance.home, "etc"),
  };
  const [command = "", ...rest] = argv;
  return run([join(root, "bin", command), ...rest], { cwd: appliance.home, env, timeoutMs: 90_000 });
};
const OWN = { MFMODULE: "MFSERV", METWORK_ALLOW_USAGE_BY_ROOT: "1", NOINTERACTIVE: "1" };
/** What these say depends on what is loaded, or on the logs' directory. */
const IN_LAYERS = /^(?:layers|outside|log_proxy.*)$/;
const says = async (...words: readonly string[]): Promise<string> => {
  const ran = await mfserv(...words);
  assert.equal(ran.code, 0, `${words.join(" ")}: ${ran.stderr}`);
  return ran.stdout.trim();
};
/** The exit code of each command line. */
const codes = (...lines: readonly string[]) =>
  Promise.all(lines.map(async (line) => (await mfserv(...line.split(" "))).code));

describe("circusctl", () => {
  test("lists services by their former names, with state, pids and options", async () => {
    assert.deepEqual((await says("circusctl", "list")).split(",").sort(), ["app.held.main", "conf_monitor", "nginx"]);
    assert.equal(await says("circusctl"), await says("circusctl", "list"));
    assert.match(await says("circusctl", "--timeout=10", "status"), /^app\.held\.main: active$/m);
    assert.equal(await says("circusctl", "status", "app.held.main"), "active");
    assert.equal(await says("circusctl", "numprocesses", "app.held.main"), "2");
    assert.match(await says("circusctl", "list", "app.held.main"), /^\d+,\d+$/);
    assert.match(await says("circusctl", "options", "app.held.main"), /^numprocesses: 2$/m);
    assert.match(await says("circusctl", "stats", "app.held.main"), /^2: pid \d+, age \d+ s, 0 restarts$/m);
  });

  test("restarts one without refusing anybody, stops and starts it", async () => {
    const before = await says("circusctl", "listpids", "app.held.main");
    const answers: number[] = [];
    let over = false;
    const asking = (async () => {
      while (!over) answers.push((await http(`http://127.0.0.1:${appliance.ports.mfserv}/held`)).status);
    })();
    await says("circusctl", "restart", "app.held.main");
    over = true;
    await asking;
    assert.deepEqual(new Set(answers), new Set([200]));
    const pids = new Set(before.split(","));
    assert.ok((await says("circusctl", "listpids", "app.held.main")).split(",").every((pid) => !pids.has(pid)));
    await says("circusctl", "stop", "app.held.main");
    assert.equal(await says("circusctl", "status", "app.held.main"), "stopped");
    await says("circusctl", "start", "app.held.main");
    assert.equal(await says("circusctl", "status", "app.held.main"), "active");
  });

  test("names what does the rest, with exit code 2", async () => {
    const refused = await mfserv("circusctl", "incr", "app.held.main");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /error\[MF8063\].*incr.*numprocesses/s);
    assert.deepEqual(
      await codes("circusctl status nobody", "circusctl stop", "circusctl signal app.held.main NO"),
      [1, 2, 2],
    );
  });
});

test("redis is a client of mfdata's Redis, with its own options", async () => {
  const socket = join(appliance.home, "mfdata", "var", "redis.socket");
  mkdirSync(join(socket, ".."), { recursive: true });
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", ""], { stdio: "ignore" });
  try {
    const ask = (...words: readonly string[]) => appliance.run("mfdata_wrapper", "redis", ...words);
    await until("redis answers", async () => ((await ask("ping")).stdout === "PONG\n" ? true : undefined));
    assert.equal((await ask("set", "counter.p.s", "3")).stdout, "OK\n");
    assert.equal((await ask("--csv", "get", "counter.p.s")).stdout, '"3"\n');
  } finally {
    const ended = once(server, "exit");
    server.kill();
    await ended;
  }
});

test("what is gone says what does its work, with exit code 2", async () => {
  const ran = await mfserv("circus-top");
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /error\[MF8060\]: there is no circus-top any more\n {2}= help: instead: .*metwork status/);
  assert.deepEqual(await codes("_circus.reload", "_make_nginx_conf /some/home", "metwork_debug --all"), [2, 2, 2]);
});

test("plugin_env is a shell in the plugin's environment and home", async () => {
  const env = {
    ...process.env,
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
    MFMODULE: "MFSERV",
  };
  const inside = (cwd: string, ...words: readonly string[]) =>
    run([join(root, "bin", "plugin_env"), ...words], {
      cwd,
      env,
      input: 'pwd; echo "$MFSERV_CURRENT_PLUGIN_NAME $MFSERV_CURRENT_PLUGIN_CUSTOM_FOO $PIP_PREFIX"; exit 3\n',
    });
  const expected = `${home}\nheld a "quoted" word ${home}/local\n`;
  for (const ran of [await inside("/", "held"), await inside(home)])
    assert.deepEqual([ran.stdout, ran.code], [expected, 3]);
  for (const ran of [await inside("/"), await inside("/", "nobody")]) assert.equal(ran.code, 1);
});

test("a directory of plugins beside the module's is listed, filled and emptied, and runs nothing", async () => {
  const place = `--plugins-base-dir=${join(appliance.home, "aside")}`;
  await says("plugins.install", place, home);
  assert.equal(await says("plugins.list", "--raw", place), `held~~~1.0.0~~~1~~~${appliance.home}/aside/held`);
  assert.equal(await says("plugins.info", "--just-home", place, "held"), `${appliance.home}/aside/held`);
  assert.equal(await says("plugin_wrapper", place, "--cwd", "held", "--", "pwd"), `${appliance.home}/aside/held`);
  writeFileSync(join(appliance.home, "aside/held/here"), "#!/bin/sh\necho here\n", { mode: 0o755 });
  assert.equal(await says("plugin_wrapper", place, "--cwd", "held", "--", "./here"), "here");
  await says("plugins.uninstall", place, "held");
  assert.equal(await says("plugins.list", "--raw", place), "");
  assert.equal(await says("plugins.info", "--just-home", "held"), home);
  assert.ok(!existsSync(join(appliance.home, "mfserv/config/plugins/held.ini")));
});

test("a Python script finds plugins, installs and removes them", async () => {
  const script = `
import os, sys
from mfplugin.compat import get_installed_plugins, get_plugin_hash, get_plugin_info
from mfplugin.manager import PluginsManager
from mfplugin.utils import AlreadyInstalledPlugin, BadPluginFile, NotInstalledPlugin
plugins = PluginsManager().plugins
held = plugins["held"]
print([(one["name"], one["version"]) for one in get_installed_plugins() if one["home"] == sys.argv[1]])
print(held.home == sys.argv[1], held.is_dev_linked, held.get_hash() == get_plugin_hash("held"))
print(held.get_plugin_env_dict()["MFSERV_CURRENT_PLUGIN_CUSTOM_FOO"])
info = get_plugin_info("held", mode="name")
print(info["metadatas"]["name"], "config.ini" in info["files"], get_plugin_info("nobody"), get_plugin_hash("no/file"))
def refusal(work, *words):
    try:
        work(*words)
    except Exception as error:
        return type(error).__name__
aside = PluginsManager(plugins_base_dir=sys.argv[2])
print(refusal(PluginsManager().get_plugin, "nobody"), refusal(aside.uninstall_plugin, "held"))
os.chdir(os.environ["TMPDIR"])
PluginsManager().repackage_plugin("held")
archive = os.path.abspath([name for name in os.listdir(".") if name.endswith(".plugin")][0])
aside.install_plugin(archive)
print(list(aside.plugins), refusal(aside.install_plugin, archive), refusal(aside.install_plugin, "/dev/null"))
aside.uninstall_plugin("held")
print(list(aside.plugins))
`;
  assert.deepEqual((await says("python3", "-c", script, home, join(appliance.home, "aside_too"))).split("\n"), [
    "[('held', '1.0.0')]",
    "True False True",
    'a "quoted" word',
    "held True None None",
    "NotInstalledPlugin NotInstalledPlugin",
    "['held'] AlreadyInstalledPlugin BadPluginFile",
    "[]",
  ]);
});

test("who installs a plugin hears what of it reaches beyond itself", async () => {
  const installed = await mfserv("plugins.install", "--force", home);
  assert.equal(installed.code, 0, installed.stderr);
  assert.match(
    installed.stderr,
    /warning\[MF3126\]: held takes \/here besides its own addresses\n +--> \S+held\/config\.ini:\d+/,
  );
});

describe("layers", () => {
  test("are listed, found, loaded and unloaded", async () => {
    assert.match(await says("layers"), /^- plugin_held@mfserv \[.*\]$/m);
    assert.match(await says("layers", "--loaded-filter=yes"), /^- \(\*\) python3@mfext \[/m);
    assert.deepEqual(
      [await says("is_layer_installed", "python3@mfext"), await says("is_layer_installed", "no@mfext")],
      ["1", "0"],
    );
    assert.equal(await says("get_layer_home", "python3@mfext"), join(root, "layers", "python3"));
    assert.deepEqual(
      await codes(
        "get_layer_home no@mfext",
        "layer_load_bash_cmds no@mfext",
        "layer_wrapper --layers=no@mfext -- true",
      ),
      [1, 1, 1],
    );
    const script = [
      '. "$MFEXT_HOME/lib/bash_utils.sh"',
      "layer_unload python3@mfext; is_layer_loaded python3@mfext; python3 -c 'import mflog' 2>/dev/null; echo $?",
      "layer_load python3@mfext; is_layer_loaded python3@mfext; python3 -c 'import mflog'; echo $?",
      "LIST=a:b:c; field_prepend LIST b; echo $LIST",
    ].join("\n");
    assert.equal(await says("bash", "-c", script), "0\n1\n1\n0\nb:a:c");
  });

  test("layer_wrapper becomes a command with them; outside has none of them", async () => {
    const words = [
      "layer_wrapper",
      "--empty-env",
      "--layers=-no@mfext,python3@mfext",
      "--extra-env-prefix=P",
      "--prepend-env=LIST,x y",
    ];
    assert.equal(
      await says(...words, "--", "sh", "-c", 'python3 -c "import mflog" && echo "$P_LABEL $P_NAME $LIST"'),
      "python3@mfext python3 x y",
    );
    assert.equal(await says("outside", "sh", "-c", 'echo "$MFMODULE$PYTHONPATH$MFSERV_NGINX_PORT-"'), "-");
  });
});

test("processes are listed and ended", async () => {
  const listed: { pid: number; cmdline: string }[] = JSON.parse(
    await says("list_metwork_processes.py", "--output-format=json"),
  );
  const worker = Number((await says("circusctl", "listpids", "app.held.main")).split(",")[0]);
  for (const text of ["supervisor.ts", "nginx: worker", "conf_monitor"])
    assert.ok(
      listed.some(({ cmdline }) => cmdline.includes(text)),
      text,
    );
  assert.ok(listed.some(({ pid }) => pid === worker));
  assert.deepEqual(
    await codes("nginx.status", "find_zombies_nginx_workers.py", "kill_remaining_processes.py"),
    [0, 0, 1],
  );
  const tree = spawn("sh", ["-c", "sleep 100 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
  const [told] = await once(tree.stdout, "data");
  await says("recursive_kill.py", String(tree.pid));
  await until("its child is gone", () =>
    ["Z", undefined].includes(readProcess(Number(told))?.state) ? true : undefined,
  );
});

test("nginx workers without a master are found when they are the module's own", async () => {
  const pids: number[] = [];
  const orphan = async (directory: string): Promise<number> => {
    const pid = await orphanWorker(directory);
    pids.push(pid);
    return pid;
  };
  try {
    await orphan(join(appliance.home, "mfdata"));
    assert.equal(await says("find_zombies_nginx_workers.py"), "");
    const own = await orphan(join(appliance.home, "mfserv"));
    const found = await mfserv("find_zombies_nginx_workers.py");
    assert.deepEqual([found.code, found.stdout], [1, `${own}\n`]);
  } finally {
    for (const pid of pids) process.kill(pid, "SIGKILL");
  }
});

test("logs are written, rotated, and the command's end and signals are its own", async () => {
  const file = join(appliance.home, "mfserv", "log", "own.log");
  const words = ["log_proxy_wrapper", "--stdout=own.log", "--stderr", "STDOUT", "--", "sh", "-c"];
  const ran = await mfserv(...words, "echo out; echo err >&2; exit 7");
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [7, "", ""]);
  assert.deepEqual(readFileSync(file, "utf8").trim().split("\n").sort(), ["err", "out"]);
  assert.equal((await mfserv(...words, "kill -9 $$")).code, 137);
  await says("sh", "-c", "echo more | log_proxy --rotation-size=4 own.log; echo last | log_proxy -n 1 own.log");
  assert.equal(readFileSync(file, "utf8").trim().split("\n").at(-1), "last");
  for (const [suffix, text] of [
    ["worker1.stdout", "up"],
    ["worker2.stderr", "ready"],
  ] as const) {
    const own = join(appliance.home, "mfserv", "log", `app_held_main_${suffix}`);
    assert.match(readFileSync(own, "utf8"), new RegExp(`^(?:${text}\\n)+$`), suffix);
  }
});

test("a plugin's environment starts and stops no module", async () => {
  const refused = await mfserv("plugin_wrapper", "held", "--", "mfserv.stop");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /error\[MF8010\]: this is the environment of the plugin held/);
  assert.deepEqual(
    await codes("plugin_wrapper held -- mfserv.start", "plugin_wrapper held -- mfserv.init soft"),
    [1, 1],
  );
  assert.equal(await says("circusctl", "status", "app.held.main"), "active");
});

test("small tools for scripts", async () => {
  const port = String(appliance.ports.mfserv);
  assert.equal(await says("ping_tcp_port", "127.0.0.1", port), `tcp port 127.0.0.1:${port} is ok`);
  assert.deepEqual(
    await codes("ping_tcp_port --silent 127.0.0.1 1", "port_test.sh 127.0.0.1 1", "mfprogress -- false"),
    [1, 1, 1],
  );
  assert.deepEqual(await codes("mfprogress --timeout=0.2 -- sleep 50", "repeat.sh true"), [1, 0]);
  assert.match((await mfserv("mfprogress", "--title", "Working", "--", "true")).stderr, /^- Working\.\.\. +\[ OK \]$/m);
  assert.equal(await says("_no_automatic_kill.sh", "echo", "a  b"), "a  b");
  assert.match(await says("get_unique_hexa_identifier"), /^[0-9a-f]{32}$/);
  assert.equal(await says("get_ip_for_hostname", "127.0.0.1"), "127.0.0.1");
  assert.equal(await says("get_simple_hostname"), await says("sh", "-c", "echo $MFHOSTNAME"));
  assert.match(
    (await mfserv("log", "-a", "me", "warning", "so it is")).stderr,
    /^\S+Z {2}\[WARNING\] \(me#\d+\) so it is$/m,
  );
  assert.equal(await says("log", "debug", "not shown"), "");
  const template = "echo '{{ MFMODULE }}{{ NOWHERE }}' | envtpl";
  assert.equal((await mfserv("bash", "-c", template)).code, 1);
  assert.equal(await says("bash", "-c", `${template} --allow-missing`), "MFSERV");
});
