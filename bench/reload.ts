/** What reloads of nginx cost its clients: requests repeated or failed, with and without the way `docs/adr/0011-reload.md` describes. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { runtimeLayout } from "../src/core/module/paths.ts";
import { openHouse, sayFigures } from "../test/support/installs.ts";
import { startLoad } from "../test/support/load.ts";

const SECONDS = 5;
const PATHS = ["/host_static/", "/host_node"];
const LOADS = [
  ["20 busy clients", { keepAlive: 20, fresh: 4 }],
  ["20 clients that rest 50 ms", { keepAlive: 20, fresh: 4, restMs: 50 }],
  ["200 clients that rest 300 ms", { keepAlive: 200, fresh: 4, restMs: 300 }],
] as const;

await using house = await openHouse();
const layout = runtimeLayout(`${house.appliance.home}/mfserv`);
const master = Number(readFileSync(layout.nginxPid, "utf8"));
const file = `${layout.configAuto}/nginx.conf`;
const quiet = readFileSync(file, "utf8");
const plain = quiet.replace(/^ *(?:init|init_worker|header_filter)_by_lua_(?:file|block) .*\n/gm, "");

for (const [name, text] of [
  ["plain", plain],
  ["quiet", quiet],
] as const) {
  // The tree may share its files with other generations.
  rmSync(file);
  writeFileSync(file, text, { mode: 0o600 });
  process.kill(master, "SIGHUP");
  await delay(1_000);
  const busy = startLoad({ port: house.appliance.ports.mfserv, paths: ["/host_static/"], keepAlive: 12, fresh: 0 });
  await delay(500);
  const from = { requests: busy.figures.requests, cpuMs: cpuMsOfWorkers() };
  await delay(SECONDS * 1000);
  const cpuUs = ((cpuMsOfWorkers() - from.cpuMs) * 1000) / (busy.figures.requests - from.requests);
  await busy.stop();
  console.log(`${name}: no reload, a small static file: ${cpuUs.toFixed(1)} microseconds of nginx a request`);
  for (const [label, load] of LOADS) {
    const running = startLoad({ port: house.appliance.ports.mfserv, paths: PATHS, ...load });
    const end = Date.now() + SECONDS * 1000;
    let reloads = 0;
    for (; Date.now() < end; reloads++) {
      await delay(300);
      process.kill(master, "SIGHUP");
    }
    console.log(`${name}: ${reloads} reloads, ${label}: ${sayFigures(await running.stop())}`);
  }
}

/** Processor time of nginx's workers, in milliseconds. */
function cpuMsOfWorkers(): number {
  const pids = readFileSync(`/proc/${master}/task/${master}/children`, "utf8").split(" ").filter(Boolean);
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) * 10;
}
