import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { modulePaths, runtimeLayout } from "../../src/core/module/paths.ts";
import { healModule } from "../../src/system/lifecycle/heal.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

let appliance: Appliance;
let url: string;

before(async () => {
  appliance = await makeAppliance();
  url = `http://127.0.0.1:${appliance.ports.mfserv}/hello`;
  appliance.plugin("mfserv", "hello", {
    "config.ini": `${general}[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = 1\n[custom]\nword = shipped\n`,
    "server.js":
      'require("node:http").createServer((_, reply) => reply.end(process.env.MFSERV_CURRENT_PLUGIN_CUSTOM_WORD)).listen({ fd: 3 });',
  });
  appliance.write("mfserv/config/plugins/hello.ini", "[custom]\nword = overridden\n");
  await appliance.ok("metwork", "start", "mfserv");
});

after(() => appliance[Symbol.asyncDispose]());

async function states(): Promise<string[]> {
  const [seen] = await appliance.json<ModuleStatus[]>("metwork", "status", "mfserv", "--json");
  const app = seen?.services.find(({ id }) => id === "app.hello.main");
  return app?.instances.map(({ state }) => state) ?? [];
}

test("plugins.stop ends a plugin's processes, plugins.start brings them back", async () => {
  assert.equal((await http(url)).body, "overridden");
  // What it does is undone by the next change, and conf_monitor's first look is one.
  const { confMonitorIdle } = runtimeLayout(join(appliance.home, "mfserv"));
  await until("conf_monitor is idle", () => existsSync(confMonitorIdle) || undefined);
  await appliance.ok("mfserv_wrapper", "plugins.stop", "hello");
  assert.deepEqual(await states(), []);
  await appliance.ok("mfserv_wrapper", "plugins.start", "hello");
  assert.deepEqual(await states(), ["running"]);
  assert.equal((await http(url)).body, "overridden");
  assert.equal((await appliance.run("mfserv_wrapper", "plugins.stop", "nobody")).code, 1);
});

test("plugins.repackage writes the overrides into the configuration it ships", async () => {
  const path = (await appliance.ok("mfserv_wrapper", "plugins.repackage", "hello")).trim();
  await appliance.ok("mfserv_wrapper", "plugins.install", "--new-name=again", path);
  assert.equal((await http(url.replace("hello", "again"))).body, "overridden");
  await appliance.ok("mfserv_wrapper", "plugins.uninstall", "again");
});

test("an internal plugin that is not there is told of by status and doctor, until it is not asked for", async () => {
  const told = async (): Promise<boolean[]> => {
    const [seen] = await appliance.json<ModuleStatus[]>("metwork", "status", "mfserv", "--json");
    const status = seen?.checks.find(({ name }) => name === "internal plugin welcome");
    const doctor = await appliance.run("metwork", "doctor", "mfserv");
    return [status?.state === "WARNING", /internal plugin welcome is asked for and not installed/.test(doctor.stdout)];
  };
  assert.deepEqual(await told(), [false, false]);
  await appliance.ok("mfserv_wrapper", "plugins.uninstall", "welcome");
  assert.deepEqual(await told(), [true, true]);
  await appliance.ok("metwork", "start", "mfserv");
  assert.deepEqual(await told(), [false, false]);
});

test("a module whose supervisor was killed is started again; one that is well, or stopped, is left alone", async () => {
  const paths = modulePaths("mfserv", join(import.meta.dirname, "..", ".."), {
    user: "somebody",
    userHome: "/nonexistent",
    env: { METWORK_RUNTIME_ROOT: appliance.home, METWORK_ETC: join(appliance.home, "etc") },
  });
  assert.equal((await healModule(paths, 0)).did, "nothing");
  const told = JSON.parse(readFileSync(join(paths.runtime, "var", "status.json"), "utf8"));
  assert.equal(told.status["Checking nginx"], "OK");
  assert.match(told.date, /^\d{4}-\S+Z$/);
  const supervisor = await connectSupervisor(paths, { start: false });
  process.kill(supervisor.pid, "SIGKILL");
  await supervisor.closed;
  const healed = await healModule(paths, 10);
  assert.equal(healed.did, "restarted", healed.because);
  assert.match(healed.because, /^supervisor: /);
  await until("it serves", async () => ((await http(url)).body === "overridden" ? true : undefined));
  await appliance.ok("metwork", "stop", "mfserv");
  const { did, because } = await healModule(paths, 0);
  assert.deepEqual([did, because], ["left alone", "it is stopped"]);
});

test("load balancers are told before a start and a stop have their effect", async () => {
  appliance.write("mfserv/config/config.ini", "[nginx]\nsmart_start_delay = 4\nsmart_stop_delay = 4\n");
  const health = async (): Promise<string> => {
    const { status, body } = await http(`http://127.0.0.1:${appliance.ports.mfserv}/__health`);
    return status === 0 ? "nobody" : `${status} ${body.trim()}`;
  };
  const starting = appliance.ok("metwork", "start", "mfserv");
  await until("it serves and does not say so yet", async () =>
    (await health()) === "503 STARTING" ? true : undefined,
  );
  assert.equal((await http(url)).body, "overridden");
  await starting;
  assert.equal(await health(), "200 OK");
  const stopping = appliance.ok("metwork", "stop", "mfserv");
  await until("it says that it stops", async () => ((await health()) === "503 STOPPING" ? true : undefined));
  assert.equal((await http(url)).body, "overridden");
  await stopping;
  assert.equal(await health(), "nobody");
});

test("init empties a module's home and keeps its configuration; soft removes nothing", async () => {
  const layout = runtimeLayout(join(appliance.home, "mfserv"));
  await appliance.ok("metwork", "init", "mfserv", "soft");
  assert.ok(existsSync(join(layout.plugins, "hello")));
  await appliance.ok("mfserv_wrapper", "mfserv.init");
  assert.deepEqual(readdirSync(layout.plugins), []);
  assert.ok(existsSync(join(layout.pluginOverrides, "hello.ini")));
});

test("init never removes files that nobody has processed, unless it is told to", async () => {
  const incoming = join(appliance.home, "mfdata/var/in/incoming");
  mkdirSync(incoming, { recursive: true });
  const file = join(incoming, "radar.png");
  writeFileSync(file, "");
  const refused = await appliance.run("mfdata_wrapper", "mfdata.init");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /MF6060.*incoming \(1\)/);
  assert.ok(existsSync(file));
  await appliance.ok("mfdata_wrapper", "mfdata.init", "--force");
  assert.ok(!existsSync(file));
});
