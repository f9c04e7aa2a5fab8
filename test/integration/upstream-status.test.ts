import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

/** Answers; to `/hold` when there is a file. */
const SERVER = `const { createServer } = require("node:http");
const go = () => require("node:fs").existsSync(__dirname + "/go");
createServer(function answer(asked, reply) {
  if (asked.url.endsWith("/hold") && !go()) setTimeout(answer, 20, asked, reply);
  else reply.end("here");
}).listen({ fd: 3 });
`;
const APP = "_cmd_and_args = node {plugin_dir}/server.cjs\nnumprocesses = 2\n";

interface Peer {
  readonly name: string;
  readonly id: number;
  readonly down: boolean;
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly conns: number;
  readonly waiting: number;
}

let appliance: Appliance;
before(async () => {
  appliance = await makeAppliance();
  appliance.plugin("mfserv", "held", { "config.ini": `${general}[app_main]\n${APP}`, "server.cjs": SERVER });
  await appliance.ok("mfserv.start");
});
after(() => appliance[Symbol.asyncDispose]());

const ask = (path: string, headers: Record<string, string> = {}) =>
  http(`http://127.0.0.1:${appliance.ports.mfserv}${path}`, { headers });

async function peers(): Promise<readonly Peer[]> {
  const { status, body, headers } = await ask("/__upstream_status");
  assert.deepEqual([status, headers["content-type"]], [200, "application/json"], body);
  return JSON.parse(body)["app.held.main"];
}

test("each worker's socket is listed, with its process and its connections", async () => {
  const before = await peers();
  const socket = (n: number) => `unix:${appliance.home}/mfserv/var/app_held_main_${n}.socket`;
  assert.deepEqual(
    before.map(({ id, name, down, state }) => ({ id, name, down, state })),
    [1, 2].map((n) => ({ id: n - 1, name: socket(n), down: false, state: "running" })),
  );
  assert.equal((await ask("/held")).body, "here");
  const held = [1, 2, 3].map(() => ask("/held/hold"));
  const open = async () => (await peers()).reduce((sum, { conns, waiting }) => sum + conns + waiting, 0);
  await until("three requests are in work", async () => ((await open()) >= 3 ? true : undefined));
  appliance.write("mfserv/var/plugins/held/go", "");
  await Promise.all(held);
});

test("workers that stand still let connections wait; one that was killed is down, then up as another process", async () => {
  const [first, second] = await peers();
  assert.ok(first?.pid && second?.pid);
  const signal = (name: NodeJS.Signals) => [first, second].map(({ pid }) => process.kill(pid ?? 0, name));
  signal("SIGSTOP");
  // More than there are connections kept open.
  const asked = Array.from({ length: 8 }, () => ask("/held"));
  await until("some wait", async () => ((await peers()).some(({ waiting }) => waiting > 0) ? true : undefined));
  signal("SIGCONT");
  for (const reply of await Promise.all(asked)) assert.equal(reply.body, "here");
  process.kill(first.pid, "SIGKILL");
  const { value: next } = await until("another process is up", async () => {
    const [now] = await peers();
    return now?.down === false && now.pid !== first.pid ? now : undefined;
  });
  assert.equal(next.restarts, first.restarts + 1);
});

test("it is text for who asks for text, and is no plugin's", async () => {
  const text = await ask("/__upstream_status?format=text");
  assert.match(text.body, /^upstream app\.held\.main\n {4}server unix:\S+_1\.socket up: \d+ connections, 0 waiting, /);
  const { body, headers } = await ask("/__upstream_status", { Accept: "text/plain" });
  assert.match(body, /^upstream /);
  assert.match(String(headers["content-type"]), /^text\/plain/);
  const json = await ask("/__upstream_status?format=json", { Accept: "text/plain" });
  assert.ok(JSON.parse(json.body));
});
