/** What plugins add to the lines of the access log, whoever asks. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { plan } from "../../src/core/plan/plan.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type RunningNginx, startNginx, workerSocket } from "../support/nginx.ts";
import { addPlugin, readInput } from "../support/planned.ts";

const APP = "[app_main]\n_cmd_and_args = true\nnumprocesses = 1\n";
const programs = findPrograms();
const skip = (programs.nginx === undefined || programs.nginxModules.length === 0) && "nginx with Lua is not installed";

describe("lines of the access log", { skip }, () => {
  let nginx: RunningNginx;
  const worker = createServer((_, reply) => reply.end("hello"));

  before(async () => {
    nginx = await startNginx("mfserv", (paths) => {
      chmodSync(dirname(paths.runtime), 0o755);
      const app = `${APP}_extra_nginx_conf_filename = main.conf\n`;
      addPlugin(paths, "told", {
        "config.ini": `_extra_nginx_server_conf_filename = server.conf\n${app}`,
        "server.conf": `set $extra_log_format ', "everywhere": true';\n`,
        "main.conf":
          `# $extra_log_format: members.\nset $extra_log_format ', "agent": "<$http_user_agent>", "said": $http_x_said, "it\\'s": "o.k.", ` +
          `"deep": {"list": [1, "$arg_x"]}';\nif ($arg_quiet) {\n  set $extra_log_format "";\n}\n`,
      });
      addPlugin(paths, "lua", {
        "config.ini": app,
        "main.conf": `access_by_lua_block { ngx.var.extra_log_format = ', "k": "' .. ngx.var.http_user_agent .. '"' }\n`,
      });
      addPlugin(paths, "plain", { "config.ini": APP });
    });
    const path = workerSocket(nginx.paths, "told", "main", 1);
    await once(worker.listen(path), "listening");
    chmodSync(path, 0o777);
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    worker.close().closeAllConnections();
  });

  /** The line of a request, by a mark in its address. */
  async function lineOf(path: string, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const mark = `mark${Math.random()}`;
    await nginx.ask(`${path}${path.includes("?") ? "&" : "?"}${mark}`, { headers });
    const file = join(runtimeLayout(nginx.paths.runtime).log, "nginx_access.log");
    const { value } = await until("its line", async () => {
      const lines = readFileSync(file, "utf8").split("\n");
      const own = lines.filter((line) => line.includes(mark));
      return own.length === 0 ? undefined : own;
    });
    assert.equal(value.length, 1, value.join("\n"));
    return JSON.parse(value[0] ?? "");
  }

  test("have the members that a plugin adds, as JSON, and only its own requests have them", async () => {
    const line = await lineOf("/told/x?x=%22", { "User-Agent": "me", "X-Said": "-1.5e3" });
    assert.deepEqual(
      [line["agent"], line["said"], line["it's"], line["deep"]],
      ["<me>", -1500, "o.k.", { list: [1, "%22"] }],
    );
    assert.equal(line["everywhere"], undefined);
    assert.equal(line["plugin"], "told");
    assert.equal((await lineOf("/plain/x"))["everywhere"], true);
    const quiet = await lineOf("/told/x?quiet=1");
    assert.deepEqual(Object.keys(quiet).at(-1), "request_id");
  });

  test("are one line of JSON with the same members, whatever a client sends", async () => {
    const hostiles = [
      'x", "plugin": "other',
      "\\",
      '\\", "status": 1, "x": "',
      "'; }",
      "\u0085é\t",
      `$host \${uri}`,
      '"}\r\n{"',
    ];
    const checks = hostiles.map(async (hostile) => {
      const sent = hostile.replace(/[\r\n]/g, "");
      const line = await lineOf("/told/x", { "User-Agent": sent, "X-Said": sent });
      assert.equal(line["plugin"], "told", hostile);
      assert.equal(line["status"], 200);
      assert.equal(line["said"], null);
      assert.equal(line["x"], undefined);
      assert.ok(String(line["agent"]).startsWith("<") && String(line["agent"]).endsWith(">"));
      if (!/[^\0-\x7f]/.test(sent)) assert.equal(line["agent"], `<${sent}>`);
    });
    await Promise.all(checks);
    const numbers = ["1", "true", "null", "01", '1,"a":2', "0x1"].map(async (said) => {
      const line = await lineOf("/told/x", { "X-Said": said });
      return [said, line["said"]];
    });
    assert.deepEqual(await Promise.all(numbers), [
      ["1", 1],
      ["true", true],
      ["null", null],
      ["01", null],
      ['1,"a":2', null],
      ["0x1", null],
    ]);
  });

  test("hold what Lua makes of it as one text, and its author is told", async () => {
    const line = await lineOf("/lua/x", { "User-Agent": 'x", "plugin": "other' });
    assert.equal(line["extra"], ', "k": "x", "plugin": "other"');
    assert.equal(line["plugin"], "lua");
    const { input } = await readInput(nginx.paths);
    const notes = plan({ ...input, programs }).notes.filter(({ code }) => code === "MF4027");
    assert.deepEqual(
      notes.map(({ plugin, at }) => [plugin, at?.line]),
      [["lua", 1]],
    );
  });

  test("a member that every line has cannot be added again", async () => {
    const home = addPlugin(nginx.paths, "twice", {
      "config.ini": `${APP}_extra_nginx_conf_filename = main.conf\n`,
      "main.conf": `\n  set $extra_log_format ', "plugin": "another"';\n`,
    });
    const { input } = await readInput(nginx.paths);
    const note = plan({ ...input, programs }).notes.find(({ plugin }) => plugin === "twice");
    assert.equal(note?.code, "MF4027");
    assert.match(note.message, /a member plugin already/);
    assert.deepEqual([note.at?.file, note.at?.line, note.at?.col], [join(home, "main.conf"), 2, 3]);
  });
});
