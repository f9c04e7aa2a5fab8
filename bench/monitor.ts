import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { http, until } from "../scripts/support/client.ts";
import { type Appliance, general, makeAppliance } from "../test/support/appliance.ts";

/**
 * `node bench/monitor.ts [PLUGINS] [CHANGES]`: how long after a file is saved its new behaviour is served, with that many
 * plugins installed (100, of which 4 with a node app), and what an apply of 1,000 plugins takes.
 */
const installed = Number(process.argv[2] ?? 100);
const changes = Number(process.argv[3] ?? 15);
const MANY = 1000;
const SERVER = `const [, , version] = process.argv;
require("node:http").createServer((_, answer) => answer.end(version)).listen({ fd: 3 });
`;
const node = (version: number): string =>
  `${general}[app_main]\n_cmd_and_args = node {plugin_dir}/server.js ${version}\nnumprocesses = 1\n`;
const pages = (routes: string): string => `${general}[app_main]\n_static_url_prefix =\n_static_directory =\n${routes}`;

{
  await using appliance = await makeAppliance();
  addStatic(appliance, installed - 4);
  for (let number = 0; number < 4; number++) {
    appliance.plugin("mfserv", `node${number}`, { "config.ini": node(0), "server.js": SERVER });
  }
  await appliance.ok("metwork", "start", "mfserv");
  await idle(appliance);
  const web = `http://127.0.0.1:${appliance.ports.mfserv}`;
  const route = await measure(appliance, async (version) => {
    save(appliance, "static0", pages(`prefix_based_routing_extra_routes = /r${version}\n`));
    return until(`route ${version}`, async () => (await http(`${web}/r${version}/`)).status === 200 || undefined);
  });
  report(`${installed} plugins: a static route saved -> served`, route);
  const app = await measure(appliance, async (version) => {
    save(appliance, "node1", node(version));
    return until(`app ${version}`, async () => (await http(`${web}/node1`)).body === String(version) || undefined);
  });
  report(`${installed} plugins: an app's command saved -> served`, app);
}

{
  await using appliance = await makeAppliance({ mfserv: "[autorestart]\nflag = 0\n" });
  await appliance.ok("metwork", "start", "mfserv");
  addStatic(appliance, MANY);
  const took = async (what: string, ...args: readonly string[]): Promise<void> => {
    const begun = performance.now();
    const { stdout } = await appliance.run("metwork", ...args);
    const { did, tookMs } = JSON.parse(stdout);
    console.log(`${what.padEnd(52)} ${did}, ${tookMs} ms (the command ${Math.round(performance.now() - begun)} ms)`);
  };
  await took(`${MANY} new plugins: planned and checked`, "apply", "mfserv", "--dry-run", "--json");
  await took(`${MANY} new plugins: applied and proven`, "apply", "mfserv", "--json");
  save(appliance, "static7", pages("prefix_based_routing_extra_routes = /other\n"));
  await took(`${MANY} plugins, one changed: planned and checked`, "apply", "mfserv", "--dry-run", "--json");
  await took(`${MANY} plugins, one changed: applied and proven`, "apply", "mfserv", "--json");
}

function addStatic(appliance: Appliance, count: number): void {
  for (let number = 0; number < count; number++) {
    appliance.plugin("mfserv", `static${number}`, { "config.ini": pages(""), "main/index.html": `page ${number}` });
  }
}

function save(appliance: Appliance, plugin: string, text: string): void {
  const file = join(appliance.home, "mfserv/var/plugins", plugin, "config.ini");
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}

async function measure(
  appliance: Appliance,
  change: (version: number) => Promise<{ tookMs: number }>,
): Promise<{ served: readonly number[]; applied: readonly number[] }> {
  const served: number[] = [];
  const applied: number[] = [];
  for (let version = 1; version <= changes; version++) {
    served.push((await change(version)).tookMs);
    await idle(appliance);
    const last = JSON.parse(readFileSync(join(appliance.home, "mfserv/var/last_apply.json"), "utf8"));
    applied.push(last.tookMs);
  }
  return { served, applied };
}

async function idle(appliance: Appliance): Promise<void> {
  const file = join(appliance.home, "mfserv/var/conf_monitor_idle");
  await until("conf_monitor is idle", () => {
    try {
      return readFileSync(file, "utf8") === "" || undefined;
    } catch {
      return undefined;
    }
  });
}

function report(what: string, { served, applied }: { served: readonly number[]; applied: readonly number[] }): void {
  const range = `${Math.round(Math.min(...served))} to ${Math.round(Math.max(...served))}`;
  console.log(
    `${what.padEnd(52)} median ${median(served)} ms (${range}; ${served.length} times; of it the apply ${median(applied)} ms)`,
  );
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[values.length >> 1] ?? 0);
}
