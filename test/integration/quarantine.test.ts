import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import type { LastApply } from "../../src/system/apply/outcome.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import type { PluginRow } from "../../src/system/plugins/inspect.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

const APP = "[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = 1\n";
const SAYS = (text: string): string =>
  `require("node:http").createServer((_, answer) => answer.end(${JSON.stringify(text)})).listen({ fd: 3 });\n`;

let appliance: Appliance;
let web: string;

before(async () => {
  appliance = await makeAppliance();
  web = `http://127.0.0.1:${appliance.ports.mfserv}`;
  for (const name of ["well", "other"]) {
    appliance.plugin("mfserv", name, { "config.ini": `${general}${APP}`, "server.js": SAYS(name) });
  }
  await appliance.ok("metwork", "start", "mfserv");
});

after(async () => {
  await appliance[Symbol.asyncDispose]();
});

test("correcting the program of an app that did not start brings it in, with no other command", async () => {
  const home = appliance.plugin("mfserv", "late", {
    "config.ini": `${general}${APP}`,
    "lib/reason.js": 'console.error("no database today");\nprocess.exit(1);\n',
    "server.js": `require("./lib/reason.js");\n${SAYS("late")}`,
  });
  await applied(({ leftOut }) => leftOut.includes("late"));
  const [status] = await appliance.json<ModuleStatus[]>("metwork", "status", "mfserv", "--json");
  const check = status?.checks.find(({ plugin }) => plugin === "late");
  assert.equal(check?.quarantine, "left out");
  assert.match(
    check?.message ?? "",
    /late\/config\.ini:8:1: app\.late\.main: ended \(exit 1\)[\s\S]*no database today/,
  );
  writeFileSync(join(home, "lib/reason.js"), "");
  await serves("/late", "late");
  await applied(({ leftOut }) => leftOut.length === 0);
});

test("correcting a file that a fragment includes brings the plugin in", async () => {
  const home = appliance.plugin("mfserv", "included", {
    "config.ini": `${general}${APP}_extra_nginx_conf_filename = extra.conf\n`,
    "extra.conf": "include {{ MFSERV_CURRENT_PLUGIN_DIR }}/more.inc;\n",
    "more.inc": "no_such_directive on;\n",
    "server.js": SAYS("included"),
  });
  const { notes } = await applied(({ leftOut }) => leftOut.includes("included"));
  assert.deepEqual(
    notes.filter(({ plugin }) => plugin === "included").map(({ code, at }) => [code, at?.file, at?.line]),
    [["MF5001", join(home, "more.inc"), 1]],
  );
  writeFileSync(join(home, "more.inc"), "add_header X-Included yes;\n");
  await serves("/included", "included");
});

test("a new version that does not start leaves the old one serving while the changes of others go through", async () => {
  const file = join(appliance.home, "mfserv/config/plugins/well.ini");
  const good = await pidsOf("app.well.main");
  writeFileSync(file, "[app_main]\n_cmd_and_args = node {plugin_dir}/nowhere.js\n");
  appliance.write("mfserv/config/plugins/other.ini", "[app_main]\nprefix_based_routing_extra_routes = /elsewhere\n");
  const record = await applied(({ kept }) => kept?.includes("well") === true);
  await serves("/elsewhere", "other");
  assert.deepEqual(record.leftOut, []);
  assert.deepEqual([record.notes[0]?.at?.file, record.notes[0]?.at?.line], [file, 2]);
  assert.equal((await http(`${web}/well`)).body, "well");
  assert.deepEqual(await pidsOf("app.well.main"), good);

  const rows = await appliance.json<PluginRow[]>("mfserv_wrapper", "plugins.list", "--json");
  const states = new Map(rows.map(({ name, quarantine }) => [name, quarantine?.state]));
  assert.deepEqual([states.get("well"), states.get("other")], ["kept", undefined]);
  assert.match(await appliance.ok("mfserv_wrapper", "plugins.list"), /well .*│ last good version serves/);
  assert.match(await appliance.ok("mfserv_wrapper", "plugins.list", "--raw"), /^well~~~1\.0\.0~~~[^~]*~~~[^~]*$/m);

  rmSync(file);
  await applied(({ kept }) => kept?.length === 0);
  assert.equal((await http(`${web}/well`)).body, "well");
  assert.deepEqual(await pidsOf("app.well.main"), good);
});

test("what is kept survives a change of the module that would restart it, and a restart of the module", async () => {
  const file = join(appliance.home, "mfserv/config/plugins/well.ini");
  writeFileSync(file, "[app_main]\nnumprocesses = many\n");
  await applied(({ kept }) => kept?.includes("well") === true);
  assert.equal((await appliance.run("metwork", "plan", "mfserv", "--quiet")).code, 0, "nothing is to be done");
  const good = await pidsOf("app.well.main");
  appliance.write("mfserv/config/config.ini", "[nginx]\ntimeout = 77\n");
  await applied(({ actions }) => actions.some(({ service }) => service === "app.other.main"));
  assert.deepEqual(await pidsOf("app.well.main"), good);
  await appliance.ok("metwork", "stop", "mfserv");
  await appliance.ok("metwork", "start", "mfserv");
  await serves("/well", "well");
  rmSync(file);
  await applied(({ kept }) => kept?.length === 0);
  await serves("/well", "well");
});

test("a plugin in quarantine whose files go away goes with them", async () => {
  const file = appliance.write("mfserv/config/plugins/well.ini", "[app_main]\nnumprocesses = many\n");
  await applied(({ kept }) => kept?.includes("well") === true);
  await appliance.ok("mfserv_wrapper", "plugins.uninstall", "well");
  assert.equal((await http(`${web}/well`)).status, 404);
  rmSync(file, { force: true });
});

async function applied(wanted: (record: LastApply) => boolean): Promise<LastApply> {
  const file = join(appliance.home, "mfserv/var/last_apply.json");
  const { value } = await until("the apply", () => {
    const record = JSON.parse(readFileSync(file, "utf8")) as LastApply;
    return wanted(record) ? record : undefined;
  });
  return value;
}

async function serves(path: string, text: string): Promise<void> {
  await until(`${path} answers`, async () => (await http(`${web}${path}`)).body === text || undefined);
}

async function pidsOf(id: string): Promise<readonly (number | undefined)[]> {
  const [status] = await appliance.json<ModuleStatus[]>("metwork", "status", "mfserv", "--json");
  return status?.services.find((service) => service.id === id)?.instances.map(({ pid }) => pid) ?? [];
}
