import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ModuleName } from "../../src/core/module/paths.ts";
import { run } from "../../src/kit/exec.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";

const NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"];
const OTHER_DAY = import.meta.resolve("../support/other-day.ts");
const INI: Readonly<Record<ModuleName, string>> = {
  mfserv: `${general}_extra_nginx_server_conf_filename = server.conf
[app_main]
_cmd_and_args = node {plugin_dir}/server.js
numprocesses = 2
[app_second]
_cmd_and_args = bjoern_wrapper.py x:app {unix_socket_path}
numprocesses = 1
[custom]
word = Zoë
`,
  mfdata: `${general}[step_main]
_cmd_and_args = delete_step {STANDARD_STEP_ARGUMENTS}
numprocesses = 1
[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]
PNG* = main
`,
};

/** Ways in which two times, places and moods of a machine differ. */
const CIRCUMSTANCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "as usual": {},
  "in another language": { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", LC_NUMERIC: "de_DE.UTF-8", LANGUAGE: "tr" },
  "in another time zone": { TZ: "Pacific/Chatham" },
  "in ten years, directories in another order": {
    NODE_OPTIONS: `--import ${OTHER_DAY}`,
  },
  "directories in yet another order": { NODE_OPTIONS: `--import ${OTHER_DAY}` },
  "from another shell": { TERM: "dumb", COLUMNS: "20", EDITOR: "vi", HOSTNAME: "elsewhere", PWD: "/", SHLVL: "9" },
};

for (const module of ["mfserv", "mfdata"] as const) {
  test(`the same inputs of ${module} give the same generation, whatever the circumstances`, async () => {
    await using appliance = await makeAppliance();
    install(appliance, module, NAMES);
    const seen = new Map<string, string>();
    for (const [what, env] of Object.entries(CIRCUMSTANCES)) seen.set(what, await generation(appliance, module, env));
    const busy = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
    seen.set("on a busy machine", await generation(appliance, module, {}));
    busy.kill("SIGKILL");
    const plugins = join(appliance.home, module, "var/plugins");
    rmSync(plugins, { recursive: true });
    install(appliance, module, [...NAMES].reverse());
    for (const name of readdirSync(plugins)) utimesSync(join(plugins, name, "config.ini"), 1, 1);
    seen.set("installed in another order, long ago", await generation(appliance, module, {}));
    assert.match(seen.get("as usual") ?? "", /^[0-9a-f]{16}$/);
    assert.deepEqual(
      Object.fromEntries(seen),
      Object.fromEntries([...seen.keys()].map((what) => [what, seen.get("as usual")])),
    );
    writeFileSync(join(plugins, "beta/config.ini"), INI[module].replace(/numprocesses = 1/, "numprocesses = 3"));
    assert.notEqual(
      await generation(appliance, module, {}),
      seen.get("as usual"),
      "another input is another generation",
    );
  });
}

function install(appliance: Appliance, module: ModuleName, names: readonly string[]): void {
  mkdirSync(join(appliance.home, module), { recursive: true });
  for (const name of names) {
    appliance.plugin(module, name, {
      "server.js": "",
      "server.conf": `location = /say-${name} { return 200; }`,
      "config.ini": INI[module],
    });
  }
}

async function generation(
  appliance: Appliance,
  module: ModuleName,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const all = {
    ...process.env,
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ETC: join(appliance.home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
    ...env,
  };
  const done = await run([join(root, "bin/metwork"), "plan", module, "--json"], {
    cwd: "/",
    env: all,
    timeoutMs: 60_000,
  });
  assert.equal(done.code, 0, done.stdout + done.stderr);
  const { generation: ids, notes } = JSON.parse(done.stdout) as { generation: { next: string }; notes: unknown };
  assert.deepEqual(notes, []);
  return ids.next;
}
