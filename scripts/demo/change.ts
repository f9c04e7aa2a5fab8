import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { http, until } from "../support/client.ts";
import { demoHome, indented, ports, type } from "./appliance.ts";

/** Gives a plugin a second route by editing its configuration, and shows what conf_monitor made of it. */
export async function changeAPlugin(): Promise<void> {
  const config = join(demoHome, "mfserv", "config", "plugins", "hello_node.ini");
  const route = `/greeting_${Date.now().toString(36)}`;
  const saved = new Date().toISOString();
  writeFileSync(config, `[app_main]\nprefix_based_routing_extra_routes = ${route}\n`);
  console.log(`  ${config} now says: prefix_based_routing_extra_routes = ${route}`);
  const { tookMs } = await until(`${route} answers`, async () => {
    const reply = await http(`http://127.0.0.1:${ports.mfserv}${route}`);
    return reply.status === 200 || undefined;
  });
  console.log(`  GET ${route} → 200, ${tookMs.toFixed(0)} ms after the file was saved. conf_monitor says:`);
  const { value: record } = await until("conf_monitor recorded it", () => {
    const last = JSON.parse(readFileSync(join(demoHome, "mfserv", "var", "last_apply.json"), "utf8"));
    return last.reason.includes(config) && last.at > saved ? last : undefined;
  });
  console.log(`    ${record.did}, generation ${record.generation}, ${record.tookMs} ms (${record.reason})`);
  for (const action of record.actions) console.log(`    ${action.do} ${action.service}: ${action.because.join(", ")}`);
}

/** Swaps other code of a plugin in while it is asked all the time. */
export async function swapAPlugin(): Promise<void> {
  const source = join(demoHome, "sources", "hello_node");
  const server = join(source, "hello_node", "server.js");
  writeFileSync(server, readFileSync(server, "utf8").replace(/Hello[^$]*from/, `Hello again (${Date.now()}) from`));
  const url = `http://127.0.0.1:${ports.mfserv}/hello_node`;
  let going = true;
  const seen = { all: 0, failed: 0 };
  const clients = Array.from({ length: 4 }, async () => {
    while (going) {
      seen.all++;
      if ((await http(url)).status !== 200) seen.failed++;
    }
  });
  console.log(indented(await type(["mfserv_wrapper", "plugins.hotswap", source])));
  going = false;
  await Promise.all(clients);
  console.log(`  its clients asked ${seen.all} times meanwhile, ${seen.failed} of them in vain`);
  console.log(`  GET /hello_node → ${JSON.stringify((await http(url)).body.trim())}`);
}
