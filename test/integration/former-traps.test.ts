/** A plugin as the predecessor's Node template made it, and what used to go wrong around one. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { settled } from "../support/settled.ts";

const SERVER = `const http = require("http");
const { Worker } = require("worker_threads");
process.on("SIGINT", () => { require("fs").writeFileSync(process.env.TMPDIR + "/asked", "SIGINT"); process.exit(0); });
const server = http.createServer(async (request, reply) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname.endsWith("/uses")) {
    const refused = await fetch("http://127.0.0.1:1/").catch((error) => error.message);
    const worker = await new Promise((done) => new Worker("require('worker_threads').parentPort.postMessage('worker')", { eval: true }).on("message", done));
    reply.end([refused, worker, process.env.NODE_TLS_REJECT_UNAUTHORIZED].join());
  } else if (pathname.endsWith("/slow")) {
    require("fs").writeFileSync(process.env.TMPDIR + "/begun", "");
    while (!require("fs").existsSync(process.env.TMPDIR + "/left")) await new Promise((go) => setTimeout(go, 20));
    reply.end(require("fs").writeFileSync(process.env.TMPDIR + "/done", ""));
  } else if (pathname.endsWith("/says")) {
    process.stdout.write("x".repeat(299) + "\\n", () => reply.end("said"));
  } else reply.end([process.pid, process.env.MFLOG_MINIMAL_LEVEL].join());
});
server.timeout = Number(process.argv[3]) * 1000;
server.listen(process.argv[2]);
`;
const INI = `${general}[app_main]
_cmd_and_args = node {debug_extra_options} "{plugin_dir}/{plugin_name}/server.js" "{unix_socket_path}" {timeout}
numprocesses = 2
graceful_timeout = 10
max_age = 0
smart_stop_signal = 2
rlimit_as = 1000000000
rlimit_nofile = 1000
rlimit_stack = 10000000
rlimit_fsize = 20000
debug = 0
_debug_extra_options = debug
`;
let appliance: Appliance;
let url: string;
let home: string;
before(async () => {
  appliance = await makeAppliance();
  home = appliance.plugin("mfserv", "former", {
    "config.ini": INI,
    "former/server.js": SERVER,
    ".layerapi2_dependencies": "nodejs@mfext\nnodejs@mfserv\n",
  });
  await appliance.ok("mfserv.start");
  url = `http://127.0.0.1:${appliance.ports.mfserv}/former`;
});
after(() => appliance[Symbol.asyncDispose]());

/** Asks until `over`; gives the statuses that were answered. */
async function askWhile(work: () => Promise<unknown>): Promise<ReadonlySet<number>> {
  const statuses = new Set<number>();
  let over = false;
  const asking = (async () => {
    while (!over) statuses.add((await http(url)).status);
  })();
  await work().finally(() => {
    over = true;
  });
  await asking;
  return statuses;
}
const pids = async () => (await appliance.ok("mfserv_wrapper", "circusctl", "listpids", "app.former.main")).trim();

test("a Node plugin with the limit of addresses of its template starts, fetches and has threads; TLS is verified", async () => {
  assert.equal((await http(`${url}/uses`)).body, "fetch failed,worker,");
});

test("a limit of files does not limit the log", async () => {
  const log = join(appliance.home, "mfserv/log/app_former_main.log");
  const before = await pids();
  for (let line = 0; line < 200; line++) assert.equal((await http(`${url}/says`)).body, "said");
  await until("all is in the log", () => (statSync(log).size >= 60_000 ? true : undefined));
  assert.equal(await pids(), before);
});

test("an app goes on when its client leaves", async () => {
  const sign = (name: string): string => join(appliance.home, "mfserv/tmp/former", name);
  const leaving = new AbortController();
  const asked = assert.rejects(fetch(`${url}/slow`, { signal: leaving.signal }), /abort/i);
  await until("it is at work", () => existsSync(sign("begun")) || undefined);
  leaving.abort();
  await asked;
  writeFileSync(sign("left"), "");
  await until("it has done its work", () => existsSync(sign("done")) || undefined);
});

test("a reload by circusctl serves throughout, by other processes, on sockets that nginx knows", async () => {
  const before = await pids();
  const statuses = await askWhile(() => appliance.ok("mfserv_wrapper", "circusctl", "reload", "app.former.main"));
  assert.deepEqual(statuses, new Set([200]));
  const now = (await pids()).split(",");
  assert.equal(now.length, 2);
  assert.ok(now.every((pid) => !before.split(",").includes(pid)));
  for (let ask = 0; ask < 20; ask++) assert.equal((await http(url)).status, 200);
});

test("a changed configuration of the module is in the workers' environment, without a stop", async () => {
  const statuses = await askWhile(async () => {
    appliance.write("mfserv/config/config.ini", "[log]\nminimal_level = WARNING\n");
    await until("it is there", async () => ((await http(url)).body.endsWith(",WARNING") ? true : undefined));
  });
  assert.deepEqual(statuses, new Set([200]));
});

test("an nginx whose master is killed serves again at once, and no worker of the old one holds the port", async () => {
  process.kill(Number(readFileSync(join(appliance.home, "mfserv/var/nginx.pid"), "utf8")), "SIGKILL");
  await until("it serves", async () => ((await http(url)).status === 200 ? true : undefined));
  assert.equal(await appliance.ok("mfserv_wrapper", "find_zombies_nginx_workers.py"), "");
});

test("no status waits for a delay of starts", async () => {
  appliance.write("mfserv/config/config.ini", "[nginx]\nsmart_start_delay = 3000\n");
  const idle = join(appliance.home, "mfserv/var/conf_monitor_idle");
  await until("it is applied", async () => {
    const { stdout } = await appliance.run("metwork", "plan", "mfserv", "--quiet");
    return existsSync(idle) && stdout === "" ? true : undefined;
  });
  await appliance.ok("mfserv.status");
});

test("limits that the system refuses are told, with the section, and nothing runs without them", async () => {
  const config = join(home, "config.ini");
  const text = readFileSync(config, "utf8");
  appliance.write("mfserv/var/plugins/former/config.ini", text.replace("nofile = 1000", "nofile = 99999999999"));
  const told = await until("it is told", async () => {
    const { stdout, stderr } = await appliance.run("metwork", "status", "mfserv");
    return /former/.test(stdout + stderr) && /quarantine|nofile/.test(stdout + stderr) ? stdout + stderr : undefined;
  });
  assert.match(told.value, /nofile|open files|prlimit/);
  assert.equal((await http(url)).status, 200);
  appliance.write("mfserv/var/plugins/former/config.ini", text);
});

test("an app is asked to end by the signal it names", async () => {
  const asked = join(appliance.home, "mfserv/tmp/former/asked");
  await settled(join(appliance.home, "mfserv"));
  // Those that were replaced before have been asked, too.
  rmSync(asked, { force: true });
  await appliance.ok("mfserv_wrapper", "plugins.stop", "former");
  assert.equal(readFileSync(asked, "utf8"), "SIGINT");
});
