import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { png } from "../../scripts/demo/samples.ts";
import { http, until } from "../../scripts/support/client.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { memoryOf, processesOf } from "../support/processes.ts";

let appliance: Appliance;
let web: string;

before(async () => {
  appliance = await makeAppliance({ mfdata: "[internal_plugins]\nswitch_no_match_policy = keep\n" });
  web = `http://127.0.0.1:${appliance.ports.mfserv}`;
  await appliance.ok("metwork", "start");
});

after(async () => {
  await appliance[Symbol.asyncDispose]();
});

test("both modules are running and healthy", async () => {
  const seen = await appliance.json<ModuleStatus[]>("metwork", "status", "--json");
  assert.deepEqual(
    seen.map(({ module, state }) => [module, state]),
    [
      ["mfdata", "RUNNING"],
      ["mfserv", "RUNNING"],
    ],
  );
  const wrong = seen.flatMap(({ checks }) => checks.filter((check) => check.state !== "OK"));
  assert.deepEqual(wrong, []);
});

test("idle, with both modules and their supervisors, it takes at most 250 MB", () => {
  const megabytes = memoryOf(processesOf(appliance.home)) / 1024;
  assert.ok(megabytes > 20 && megabytes <= 250, `${megabytes.toFixed(0)} MB`);
});

test("starting again finds nothing to do", async () => {
  const again = await appliance.json<Record<string, { record: { did: string; actions: unknown[] } }>>(
    "metwork",
    "start",
    "--json",
  );
  assert.deepEqual(
    Object.values(again).map(({ record }) => [record.did, record.actions]),
    [
      ["nothing", []],
      ["nothing", []],
    ],
  );
});

for (const [template, page, says] of [
  ["static", "/web_static/", /<html|hello|welcome/i],
  ["node", "/web_node", /Hello World from web_node!/],
  ["python3_flask", "/web_python3_flask/", /Hello World !/],
] as const) {
  test(`a plugin made from the template ${template} is installed and answers`, async () => {
    const name = `web_${template}`;
    await appliance.ok("mfserv_wrapper", "bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, name);
    await appliance.ok("mfserv_wrapper", "plugins.install", join(appliance.home, name));
    const { value } = await until(`${page} answers`, async () => {
      const reply = await http(`${web}${page}`);
      return reply.status === 200 ? reply : undefined;
    });
    assert.match(value.body, says);
    assert.match(String(value.headers["x-request-id"]), /^[0-9a-f]{32}$/);
  });
}

test("an edited configuration is served without a command, and the record says why", async () => {
  await idle("mfserv");
  const override = appliance.write(
    "mfserv/config/plugins/web_node.ini",
    "[app_main]\nprefix_based_routing_extra_routes = /second_route\n",
  );
  await until("/second_route answers", async () => (await http(`${web}/second_route`)).status === 200 || undefined);
  await idle("mfserv");
  const record = JSON.parse(readFileSync(join(appliance.home, "mfserv/var/last_apply.json"), "utf8"));
  assert.equal(record.did, "applied");
  assert.ok(record.reason.includes(override), record.reason);
  assert.ok(
    record.actions.some(
      (action: { do: string; service: string }) => action.do === "reload" && action.service === "nginx",
    ),
  );
});

test("a plugin that becomes wrong keeps serving as it was, and mending the file ends its quarantine", async () => {
  const config = join(appliance.home, "mfserv/var/plugins/web_node/config.ini");
  const good = readFileSync(config, "utf8");
  writeFileSync(config, good.replace(/^numprocesses\s*=.*/m, "numprocesses = many"));
  const record = join(appliance.home, "mfserv/var/last_apply.json");
  const kept = (): string[] => JSON.parse(readFileSync(record, "utf8")).kept;
  await until("web_node is in quarantine", () => kept().includes("web_node") || undefined);
  assert.equal((await http(`${web}/web_python3_flask/`)).status, 200);
  assert.equal((await http(`${web}/web_node`)).status, 200);
  const status = await appliance.run("metwork", "status", "mfserv");
  assert.equal(status.code, 0, "plugin errors alone leave the module healthy");
  assert.match(status.stdout, /plugin web_node[\s\S]*last good version serves: \S*config\.ini:\d+:\d+: .*many/);
  writeFileSync(config, good);
  await until("web_node is well", () => !kept().includes("web_node") || undefined);
  assert.equal((await http(`${web}/web_node`)).status, 200);
});

test("a plugin whose program ends at once is left out with the end of its log, and nothing else suffers", async () => {
  await idle("mfserv");
  appliance.plugin("mfserv", "crasher", {
    "config.ini": `${general}[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = 1\n`,
    "server.js": 'console.error("no database today"); process.exit(7);',
  });
  const { value } = await until("the crasher is told", async () => {
    const { stdout } = await appliance.run("metwork", "status", "mfserv");
    return /plugin crasher/.test(stdout) ? stdout : undefined;
  });
  assert.match(value, /plugin crasher/);
  assert.equal((await http(`${web}/web_python3_flask/`)).status, 200);
  await appliance.ok("mfserv_wrapper", "plugins.uninstall", "crasher");
});

test("a worker killed with -9 serves again within half a second and its own start", async () => {
  await idle("mfserv");
  const pid = await pidOf("mfserv", "app.web_node.main");
  process.kill(pid, "SIGKILL");
  const { tookMs } = await until("it serves again", async () => {
    const reply = await http(`${web}/web_node`);
    return reply.status === 200 || undefined;
  });
  // On a busy machine all takes longer, node's own start too.
  const begun = performance.now();
  execFileSync(process.execPath, ["-e", "require('node:http')"]);
  const bareMs = performance.now() - begun;
  assert.ok(tookMs < 1_000 + 10 * bareMs, `${tookMs.toFixed(0)} ms, node alone ${bareMs.toFixed(0)} ms`);
  await until("another process runs", async () => {
    const next = await pidOf("mfserv", "app.web_node.main").catch(() => pid);
    return next !== pid || undefined;
  });
});

test("files written in place, moved in and uploaded are archived with tags while Redis is killed", async () => {
  await appliance.ok("mfdata_wrapper", "bootstrap_plugin.py", "create", "--no-input", "--template=archive", "keeper");
  const config = join(appliance.home, "keeper/config.ini");
  const rule = "\n[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]\nPNG image* = main\n";
  const text = readFileSync(config, "utf8").replace(/^dest_basename\s*=.*$/m, "dest_basename = {ORIGINAL_BASENAME}");
  writeFileSync(config, text + rule);
  await appliance.ok("mfdata_wrapper", "plugins.install", join(appliance.home, "keeper"));
  const incoming = join(appliance.home, "mfdata/var/in/incoming");
  await until("the rule is in force", () => {
    const rules = join(appliance.home, "mfdata/tmp/config_auto/flow.json");
    return readFileSync(rules, "utf8").includes("keeper") || undefined;
  });
  await idle("mfdata");
  const image = png(20, 20);
  const stems = ["plain", "50%d", 'it\'s "quoted"'];
  const names = Array.from({ length: 300 }, (_, index) => `${stems[index % stems.length]}-${index}.png`);
  const stage = join(appliance.home, "stage");
  mkdirSync(stage, { recursive: true });
  const redis = await pidOf("mfdata", "redis");
  for (const [index, name] of names.entries()) {
    if (index === 100) process.kill(redis, "SIGKILL");
    if (index % 2 === 0) writeFileSync(join(incoming, name), image);
    else {
      writeFileSync(join(stage, name), image);
      renameSync(join(stage, name), join(incoming, name));
    }
  }
  const put = await http(`http://127.0.0.1:${appliance.ports.mfdata}/incoming/uploaded.png`, {
    method: "PUT",
    body: image,
  });
  assert.deepEqual([put.status, put.body], [201, "Created\n"]);
  const archive = join(appliance.home, "mfdata/var/archive");
  const wanted = [...names, "uploaded.png"].flatMap((name) => [name, `${name}.tags`]).sort();
  await until(
    "all are archived",
    () => {
      return (existsSync(archive) && readdirSync(archive).length >= wanted.length) || undefined;
    },
    60_000,
  );
  assert.deepEqual(readdirSync(archive).sort(), wanted);
  assert.deepEqual(readdirSync(incoming), []);
  for (const name of names) assert.ok(readFileSync(join(archive, name)).equals(image));
  assert.match(
    readFileSync(join(archive, "uploaded.png.tags"), "utf8"),
    /^first\.core\.original_basename = uploaded\.png$/m,
  );
  await until("redis is back", async () => (await pidOf("mfdata", "redis").catch(() => redis)) !== redis || undefined);
});

test("after kill -9 of a supervisor its services are gone, and a start brings each back exactly once", async () => {
  await idle("mfserv");
  const home = join(appliance.home, "mfserv");
  const supervisor = processesOf(home).find(({ command }) => command.includes("src/main/supervisor.ts"));
  assert.ok(supervisor);
  process.kill(supervisor.pid, "SIGKILL");
  await appliance.ok("metwork", "start", "mfserv");
  await until("web_node serves", async () => (await http(`${web}/web_node`)).status === 200 || undefined);
  const flask = processesOf(home).filter(({ command }) => command.includes("wsgi"));
  const masters = processesOf(home).filter(({ command }) => command.startsWith("nginx: master"));
  const wanted = Number(
    /^numprocesses\s*=\s*(\d+)/m.exec(
      readFileSync(join(home, "var/plugins/web_python3_flask/config.ini"), "utf8"),
    )?.[1] ?? 0,
  );
  assert.equal(masters.length, 1);
  if (wanted > 0) assert.equal(flask.length, wanted);
});

test("stopping leaves no process and no socket, and starting again serves the same", async () => {
  await appliance.ok("metwork", "stop");
  assert.deepEqual(processesOf(appliance.home), []);
  const left = ["mfserv", "mfdata"].flatMap((module) => readdirSync(join(appliance.home, module, "var")));
  assert.deepEqual(
    left.filter((name) => name.includes(".socket")),
    [],
  );
  assert.equal((await appliance.run("metwork", "status", "mfserv")).code, 1);
  await appliance.ok("metwork", "start");
  await until("web_node serves", async () => (await http(`${web}/web_node`)).status === 200 || undefined);
});

async function idle(module: "mfserv" | "mfdata"): Promise<void> {
  const file = join(appliance.home, module, "var/conf_monitor_idle");
  await until(`${module}'s conf_monitor is idle`, () => existsSync(file) || undefined);
}

async function pidOf(module: string, id: string): Promise<number> {
  const [status] = await appliance.json<ModuleStatus[]>("metwork", "status", module, "--json");
  const instances = status?.services.find((service) => service.id === id)?.instances ?? [];
  const pid = instances.find(({ state }) => state === "running")?.pid;
  if (pid === undefined) throw new Error(`${id} has no running process`);
  return pid;
}
