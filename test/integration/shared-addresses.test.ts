/** Two plugins that ask for the same path or domain: the one that serves it is not robbed by the one that comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { http } from "../../scripts/support/client.ts";
import { general, makeAppliance } from "../support/appliance.ts";

const server = `require("node:http")
  .createServer((_, reply) => reply.end(process.env.MFSERV_CURRENT_PLUGIN_NAME))
  .listen({ fd: 3 });
process.on("SIGTERM", () => process.exit(0));
`;
const app = "[app_main]\n_cmd_and_args = node {plugin_dir}/server.cjs\nnumprocesses = 1\n";
const path = "prefix_based_routing_extra_routes = /shared\n";
const domain = "_virtualdomain_based_routing = 1\nvirtualdomain_based_routing_extra_vhosts = shared.example.org\n";

test("a path and a domain stay with the plugin that has them, over stop and start, until it goes", async () => {
  await using appliance = await makeAppliance();
  const install = (name: string, lines: string): string =>
    appliance.plugin("mfserv", name, { "config.ini": `${general}${app}${lines}`, "server.cjs": server });
  const answers = async (): Promise<string[]> => {
    const web = `http://127.0.0.1:${appliance.ports.mfserv}`;
    const byPath = await http(`${web}/shared`);
    const byDomain = await http(`${web}/`, { headers: { Host: "shared.example.org" } });
    return [byPath.body, byDomain.body];
  };
  const bbb = install("bbb", path + domain);
  await appliance.ok("metwork", "start", "mfserv");
  assert.deepEqual(await answers(), ["bbb", "bbb"]);

  const aaa = install("aaa", path);
  const { stdout, stderr, code } = await appliance.run("metwork", "apply", "mfserv");
  const said = stdout + stderr;
  assert.equal(code, 0, said);
  assert.match(said, /MF4010.*plugin aaa does not get \/shared: plugin bbb has it already/);
  assert.ok(said.includes(`${aaa}/config.ini:11`) && said.includes(`${bbb}/config.ini:11`), said);
  assert.deepEqual(await answers(), ["bbb", "bbb"]);
  assert.equal((await http(`http://127.0.0.1:${appliance.ports.mfserv}/aaa`)).body, "aaa");

  install("aaa", path + domain);
  assert.match(await appliance.run("metwork", "apply", "mfserv").then((ran) => ran.stdout + ran.stderr), /MF4014/);
  assert.deepEqual(await answers(), ["bbb", "bbb"]);
  await appliance.ok("metwork", "stop", "mfserv");
  await appliance.ok("metwork", "start", "mfserv");
  assert.deepEqual(await answers(), ["bbb", "bbb"]);

  await appliance.ok("mfserv_wrapper", "plugins.uninstall", "bbb");
  await appliance.ok("metwork", "apply", "mfserv");
  assert.deepEqual(await answers(), ["aaa", "aaa"]);
});
