/** Installs other code of a plugin of each server again and again while clients ask for its page, and counts what goes wrong. */
import { appendFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Developer, makeDeveloper } from "../support/developer.ts";

const swaps = process.env["CHAOS"] === "full" ? 20 : 2;
const clients = 6;
/** Where the page of each template is, and the file whose change is other code. */
const servers = [
  ["node", "/foobar", "foobar/server.js", "//"],
  ["php", "/foobar", "main/index.php", "//"],
  ["python3_aiohttp", "/foobar", "main/application.py", "#"],
  ["python3_django", "/foobar/", "main/views.py", "#"],
  ["python3_flask", "/foobar/", "main/wsgi.py", "#"],
  ["python3_raw_asgi", "/foobar", "main/application.py", "#"],
  ["python3_raw_wsgi", "/foobar", "main/wsgi.py", "#"],
  ["python3_tornado", "/foobar", "main/application.py", "#"],
] as const;

/** Asks on kept connections until told to stop; gives how often each answer came. */
function askOn(port: number, path: string): () => Promise<ReadonlyMap<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const answers = new Map<string, number>();
  let going = true;
  const once = (): Promise<string> =>
    new Promise((resolve) => {
      const asked = request({ host: "127.0.0.1", port, path, agent }, (response) => {
        response.resume().on("end", () => resolve(String(response.statusCode)));
        response.on("error", (error) => resolve(error.message));
      });
      asked.on("error", (error) => resolve(error.message)).end();
    });
  const client = async (): Promise<void> => {
    while (going) {
      const answer = await once();
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      await delay(5);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return async () => {
    going = false;
    await all;
    agent.destroy();
    return answers;
  };
}

async function swapUnderLoad(
  developer: Developer,
  [template, path, file, comment]: (typeof servers)[number],
): Promise<ReadonlyMap<string, number>> {
  const home = await developer.create(template, "foobar");
  developer.site("foobar", "[app_main]\nnumprocesses = 2\n");
  await developer.type(home, "plugins.install", home);
  await developer.answered(path);
  const stop = askOn(developer.appliance.ports.mfserv, path);
  for (let swap = 0; swap < swaps; swap++) {
    appendFileSync(join(home, file), `\n${comment} ${swap}\n`);
    await developer.type(home, "plugins.install", "--force", home);
  }
  const answers = await stop();
  await developer.forget("foobar");
  return answers;
}

await using developer = await makeDeveloper();
let served = 0;
let failed = 0;
for (const server of servers) {
  const answers = await swapUnderLoad(developer, server);
  served += answers.get("200") ?? 0;
  const others = [...answers].filter(([answer]) => answer !== "200");
  failed += others.reduce((sum, [, count]) => sum + count, 0);
  if (others.length > 0)
    console.log(`  ${server[0]}: ${others.map(([what, count]) => `${count} × ${what}`).join(", ")}`);
}
console.log(
  `serve: ${servers.length} servers, ${swaps} new versions of each under ${clients} clients: ${served} requests answered, ${failed} failed`,
);
if (failed > 0) process.exitCode = 1;
