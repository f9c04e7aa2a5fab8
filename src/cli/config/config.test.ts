import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { modulePaths } from "../../core/module/paths.ts";
import { type Context, type Given, UsageError } from "../command.ts";
import { check } from "./check.ts";
import { explain } from "./explain.ts";
import { list } from "./list.ts";
import { read } from "./read.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Runs a command with the given user and site files of mfserv; returns what it printed. */
function makeRun(test: TestContext, files: { user?: string; site?: string }) {
  const home = mkdtempSync(join(tmpdir(), "cli-config-"));
  test.after(() => rmSync(home, { recursive: true }));
  const user = join(home, "mfserv", "config", "config.ini");
  const site = join(home, "etc", "metwork.config.d", "mfserv", "config.ini");
  for (const [path, text] of [
    [user, files.user],
    [site, files.site],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    if (text !== undefined) writeFileSync(path, text);
  }
  const env = { METWORK_RUNTIME_ROOT: home, METWORK_ETC: join(home, "etc"), WHO: "me" };
  return async (
    command: (context: Context, given: Given) => Promise<number>,
    args: readonly string[],
    options: { json?: boolean; flags?: readonly string[] } = {},
  ) => {
    const out: string[] = [];
    const err: string[] = [];
    const context: Context = {
      env,
      cwd: join(home, "mfserv", "config"),
      json: options.json ?? false,
      color: false,
      interactive: false,
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      module: () => "mfserv",
      paths: (module = "mfserv") => modulePaths(module, root, { user: "u", userHome: "/nowhere", env }),
    };
    const given: Given = {
      args,
      flag: (name) => (options.flags ?? []).includes(name),
      value: () => undefined,
      all: () => [],
    };
    const code = await command(context, given);
    return { code, out: out.join("\n").replaceAll(home, "HOME").replaceAll(root, "ROOT"), err: err.join("\n") };
  };
}

const FILES = {
  user: "[nginx]\nport = 8080\nport[PROD] = 80\n",
  site: "[nginx]\nport[generic] = 8081\n",
};

test("explain shows the winner and every loser with its line", async (context) => {
  const { code, out } = await makeRun(context, FILES)(explain, ["mfserv", "nginx.port"]);
  assert.equal(code, 0);
  const lines = out.split("\n").map((line) => line.replace(/ +/g, " "));
  assert.equal(lines[0], "nginx.port = 8081");
  assert.equal(lines[1], " wins site HOME/etc/metwork.config.d/mfserv/config.ini:2 port[generic] = 8081");
  assert.equal(lines[2], " loses user HOME/mfserv/config/config.ini:2 port = 8080");
  assert.match(lines[3] ?? "", /^ loses package ROOT\/modules\/mfserv\/config\/config\.ini:\d+ port = 18868$/);
  assert.equal(lines[4], " is for user HOME/mfserv/config/config.ini:3 port[PROD] = 80 PROD, this is GENERIC");
});

test("explain --json has the same as data", async (context) => {
  const { out } = await makeRun(context, FILES)(explain, ["nginx.port"], { json: true });
  const data = JSON.parse(out) as { value: number; variable: string; winner: object; losers: { applies: boolean }[] };
  assert.equal(data.value, 8081);
  assert.equal(data.variable, "MFSERV_NGINX_PORT");
  assert.deepEqual(
    data.losers.map(({ applies }) => applies),
    [true, true, false],
  );
});

test("explain finds what was meant", async (context) => {
  const run = makeRun(context, {});
  await assert.rejects(run(explain, ["mfserv", "nginx.prot"]), /did you mean `nginx.port`/);
  await assert.rejects(run(explain, ["mfserv", "https_port"]), /did you mean `nginx.https_port`/);
  await assert.rejects(run(explain, ["mfsrv", "nginx.port"]), UsageError);
});

test("explain works on one option while another is wrong, and says so", async (context) => {
  const run = makeRun(context, { user: "[nginx]\nport = 8080\nworkers = x\n" });
  const port = await run(explain, ["nginx.port"]);
  assert.equal(port.code, 0);
  assert.match(port.out, /^nginx.port = 8080/);
  assert.match(port.err, /MF2003.*nginx.workers/);
  const workers = await run(explain, ["nginx.workers"]);
  assert.equal(workers.code, 1);
  assert.match(workers.out, /no value, because of the mistakes/);
});

test("list shows every option, or what is changed", async (context) => {
  const run = makeRun(context, FILES);
  const all = await run(list, ["mfserv"]);
  assert.ok(all.out.split("\n").length > 50);
  const changed = await run(list, [], { flags: ["changed"] });
  assert.match(changed.out, /^nginx\.port = 8081 +site +HOME\/etc\/metwork\.config\.d\/mfserv\/config\.ini:2$/);
});

test("check tells mistakes and ends with 1, or says that all is well", async (context) => {
  const bad = await makeRun(context, { user: "[nginx]\nprot = 1\n" })(check, []);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /MF2005.*config\.ini:2:1.*prot = 1.*did you mean `port`.*1 error/s);
  const good = await makeRun(context, FILES)(check, ["mfserv", "mfdata"]);
  assert.deepEqual([good.code, good.out], [0, "mfserv: ok\nmfdata: ok"]);
  const data = await makeRun(context, { user: "x" })(check, [], { json: true });
  assert.equal((JSON.parse(data.out) as { ok: boolean }[])[0]?.ok, false);
});

const READS: readonly (readonly [args: readonly string[], code: number, out: string])[] = [
  [["config.ini"], 0, "a\nb"],
  [["config.ini", "a"], 0, "x\ny"],
  [["config.ini", "a", "X"], 0, "1 me"],
  [["config.ini", "a", "y", "DEV_A"], 0, "3"],
  [["config.ini", "a", "y"], 0, "2"],
  [["config.ini", "c"], 1, ""],
  [["config.ini", "a", "z"], 1, ""],
  [["none.ini"], 1, ""],
];
for (const [args, code, out] of READS) {
  test(`config.py ${args.join(" ")}`, async (context) => {
    const run = makeRun(context, { user: "[a]\nx = 1 {{WHO}}\ny = 2\ny[DEV] = 3\n[b]\nz = 1\n[c]\n" });
    const done = await run(read, args);
    assert.deepEqual([done.code, done.out], [code, out]);
    assert.equal(done.err === "", code === 0);
  });
}
