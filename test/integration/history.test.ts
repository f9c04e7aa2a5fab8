import assert from "node:assert/strict";
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { type HistoryEntry, readHistory } from "../../src/system/apply/history.ts";
import type { LastApply } from "../../src/system/apply/outcome.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";
import { settled } from "../support/settled.ts";

const app = "[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = 1\n";
const server = `require("node:http")
  .createServer((_, reply) => reply.end(process.env.MFSERV_CURRENT_PLUGIN_CUSTOM_WORD + "\\n"))
  .listen({ fd: 3 });
process.on("SIGTERM", () => process.exit(0));
`;

let appliance: Appliance;
let web: string;

before(async () => {
  appliance = await makeAppliance();
  web = `http://127.0.0.1:${appliance.ports.mfserv}`;
  for (const name of ["talker", "bystander"]) {
    appliance.plugin("mfserv", name, {
      "config.ini": `${general}${app}[custom]\nword = one\n`,
      "server.js": server,
    });
  }
  await appliance.ok("metwork", "start", "mfserv");
});

after(async () => {
  await appliance[Symbol.asyncDispose]();
});

test("a custom key swaps exactly the services that read it, because of its own line", async () => {
  await settled(join(appliance.home, "mfserv"));
  const old = pids(await status());
  const workers = nginxWorkers();
  const override = say("two");
  await until("it says two", () => says("two"));
  await settled(join(appliance.home, "mfserv"));
  const next = pids(await status());
  assert.notDeepEqual(next["app.talker.main"], old["app.talker.main"]);
  assert.deepEqual({ ...next, "app.talker.main": [] }, { ...old, "app.talker.main": [] });
  assert.deepEqual(nginxWorkers(), workers, "a reload would have replaced them");
  const { actions, files } = await latest();
  assert.deepEqual(
    actions.map((action) => [action.do, action.service, action.because]),
    [["swap", "app.talker.main", ["MFSERV_CURRENT_PLUGIN_CUSTOM_WORD", `${override}:2`]]],
  );
  assert.deepEqual([files.created.names, files.changed.names], [[], ["env/plugin.talker.env"]]);
  assert.equal((await appliance.run("metwork", "plan", "mfserv", "--quiet")).code, 0);
});

test("the history says who, when, why, what and how it ended, and only its owner reads it", async () => {
  const entry = await latest();
  assert.match(entry.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(entry.by.command, "conf_monitor");
  assert.notEqual(entry.by.user, "");
  assert.match(entry.why, /config\/plugins\/talker\.ini/);
  assert.deepEqual([entry.did, entry.rollback, entry.leftOut], ["applied", false, []]);
  assert.ok(entry.tookMs > 0);
  assert.notEqual(entry.from, entry.generation);
  assert.equal(statSync(historyFile()).mode & 0o777, 0o600);
  const told = await appliance.json<HistoryEntry[]>("metwork", "history", "mfserv", "--limit", "1", "--json");
  assert.deepEqual(told, [entry]);
  assert.match(await appliance.ok("metwork", "history", "mfserv"), /applied .*conf_monitor\n {2}why: .*talker\.ini/);
});

test("a rollback serves the old behaviour and holds through a forced look, a stop and a start", async () => {
  const { generation: newest, from: oldest } = await latest();
  const record = await appliance.json<LastApply>("metwork", "rollback", "mfserv", "--json", "--reason", "two is wrong");
  assert.deepEqual([record.did, record.generation, record.held?.generation], ["applied", oldest, oldest]);
  assert.equal(await says("one"), true);
  const entry = await latest();
  assert.deepEqual(
    [entry.by.command, entry.why, entry.from, entry.rollback],
    ["metwork rollback", "two is wrong", newest, true],
  );

  await settled(join(appliance.home, "mfserv"));
  assert.equal(await says("one"), true);
  const told = await appliance.run("metwork", "status", "mfserv");
  assert.equal(told.code, 0);
  assert.match(told.stdout, new RegExp(`held[\\s\\S]*${oldest}[\\s\\S]*metwork apply mfserv`));

  await appliance.ok("metwork", "stop", "mfserv");
  await appliance.ok("metwork", "start", "mfserv");
  await settled(join(appliance.home, "mfserv"));
  assert.equal(await says("one"), true);

  assert.equal((await appliance.run("metwork", "plan", "mfserv", "--quiet")).code, 5);
  const released = await appliance.json<LastApply>("metwork", "apply", "mfserv", "--json");
  assert.deepEqual([released.did, released.generation, released.held], ["applied", newest, undefined]);
  assert.equal(await says("two"), true);
});

test("a changed input releases a rollback, a comment does not", async () => {
  await appliance.ok("metwork", "rollback", "mfserv");
  assert.equal(await says("one"), true);
  appendFileSync(join(appliance.home, "mfserv/config/plugins/talker.ini"), "# two was right\n");
  await settled(join(appliance.home, "mfserv"));
  assert.equal(await says("one"), true);
  say("three");
  await until("it says three", () => says("three"));
  await settled(join(appliance.home, "mfserv"));
  const record = JSON.parse(readFileSync(join(appliance.home, "mfserv/var/last_apply.json"), "utf8")) as LastApply;
  assert.equal(record.held, undefined);
});

test("two generations are compared file by file and service by service", async () => {
  const { from = "", generation = "" } = await latest();
  const seen = await appliance.json<{
    files: { path: string; patch: string }[];
    actions: { service: string; cost: string }[];
  }>(...(["metwork", "diff", "mfserv", from, generation.slice(0, 8), "--json"] as const));
  assert.deepEqual(
    seen.actions.map(({ service, cost }) => [service, cost]),
    [["app.talker.main", "swap"]],
  );
  const patch = seen.files.find(({ path }) => path === "env/plugin.talker.env")?.patch ?? "";
  assert.match(patch, /^-MFSERV_CURRENT_PLUGIN_CUSTOM_WORD="one"\n\+MFSERV_CURRENT_PLUGIN_CUSTOM_WORD="three"$/m);
});

test("an unknown and a damaged generation are refused and nothing changes", async () => {
  const { from = "", generation } = await latest();
  await refused("0123456789abcdef", /MF5050/);
  const file = join(appliance.home, "mfserv/tmp/config_auto.d", from, "env/plugin.talker.env");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("one", "six"));
  await refused(from, /MF5051[\s\S]*env\/plugin\.talker\.env/);
  writeFileSync(file, text);
  assert.equal((await latest()).generation, generation);
  assert.equal(await says("three"), true);
});

test("a line torn by a kill is ignored, and the next one stands on its own", async () => {
  const all = await history();
  appendFileSync(historyFile(), '{"at":"2026-01-01T00:00');
  assert.deepEqual(
    (await history()).map(({ at }) => at),
    all.map(({ at }) => at),
  );
  say("four");
  await until("it says four", () => says("four"));
  await settled(join(appliance.home, "mfserv"));
  const next = await history();
  assert.ok(next.length > all.length);
  assert.equal(next.at(-1)?.did, "applied");
});

test("a generation that does not work any more is given up, and the present one serves on", async () => {
  const { generation } = await latest();
  const program = join(appliance.home, "mfserv/var/plugins/talker/server.js");
  const good = readFileSync(program, "utf8");
  writeFileSync(program, 'console.error("I am of another time"); process.exit(9);');
  const done = await appliance.run("metwork", "rollback", "mfserv");
  writeFileSync(program, good);
  assert.equal(done.code, 3, done.stdout + done.stderr);
  assert.match(done.stderr, /another time/);
  assert.equal(await says("four"), true);
  const entry = await latest();
  assert.deepEqual([entry.did, entry.generation, entry.rollback], ["rolled back", generation, true]);
  assert.ok(entry.errors.length > 0);
});

test("a generation of a plugin that was uninstalled is refused before anything is touched", async () => {
  const { generation = "" } = await latest();
  rmSync(join(appliance.home, "mfserv/var/plugins/bystander"), { recursive: true });
  await until("it is gone", async () => (await http(`${web}/bystander`)).status === 404 || undefined);
  await settled(join(appliance.home, "mfserv"));
  await refused(generation, /MF5053[\s\S]*bystander/);
  assert.equal(await says("four"), true);
});

async function refused(generation: string, expected: RegExp): Promise<void> {
  const done = await appliance.run("metwork", "rollback", "mfserv", generation);
  assert.equal(done.code, 1);
  assert.match(done.stderr, expected);
}

function say(word: string): string {
  return appliance.write("mfserv/config/plugins/talker.ini", `[custom]\nword = ${word}\n`);
}

async function says(word: string): Promise<true | undefined> {
  const { status: code, body } = await http(`${web}/talker`);
  return code === 200 && body === `${word}\n` ? true : undefined;
}

async function status(): Promise<ModuleStatus> {
  const [module] = await appliance.json<ModuleStatus[]>("metwork", "status", "mfserv", "--json");
  assert.ok(module);
  return module;
}

function pids({ services }: ModuleStatus): Record<string, unknown> {
  return Object.fromEntries(services.map(({ id, instances }) => [id, instances.map(({ pid }) => pid)]));
}

function nginxWorkers(): readonly number[] {
  const workers = processesOf(join(appliance.home, "mfserv")).filter(({ command }) =>
    command.startsWith("nginx: worker"),
  );
  return workers.map(({ pid }) => pid);
}

function history(): Promise<readonly HistoryEntry[]> {
  return readHistory(runtimeLayout(join(appliance.home, "mfserv")));
}

async function latest(): Promise<HistoryEntry> {
  const entry = (await history()).at(-1);
  assert.ok(entry);
  return entry;
}

function historyFile(): string {
  return join(appliance.home, "mfserv/var/history.ndjson");
}
