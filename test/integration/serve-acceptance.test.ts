/** The predecessor's acceptance tests of mfserv under their old names; those in Python are in serve-python.test.ts. */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { type Developer, lacks, makeDeveloper } from "../support/developer.ts";

let developer: Developer;

before(async () => {
  developer = await makeDeveloper();
});
afterEach(async () => {
  await developer.forget("foobar", "foophp");
});
after(async () => {
  await developer[Symbol.asyncDispose]();
});

test("0001_static_plugin", async () => {
  const { appliance, type, answered } = developer;
  const home = await developer.create("static", "foobar");
  writeFileSync(join(home, "main", "works.txt"), "ok");
  await type(appliance.home, "plugins.install", await developer.release(home));
  assert.equal((await answered("/foobar/works.txt")).body.trim(), "ok");
});

test("0002_node_plugin, with a package of its own, which its release holds", async () => {
  const { appliance, type, answered } = developer;
  const home = await developer.create("node", "foobar");
  appliance.write("greeting/package.json", '{ "name": "greeting", "version": "1.0.0" }');
  appliance.write("greeting/index.js", 'module.exports = "Hello World, packaged";');
  const packages = { name: "foobar", private: true, dependencies: { greeting: "file:../greeting" } };
  writeFileSync(join(home, "package.json"), JSON.stringify(packages, null, 2));
  const server = join(home, "foobar", "server.js");
  writeFileSync(server, readFileSync(server, "utf8").replace(/`Hello World.*`/, 'require("greeting")'));
  const archive = await developer.release(home, { npm_config_offline: "true" });
  // What was there when it was built need not be there where it is installed.
  writeFileSync(join(appliance.home, "greeting", "index.js"), "throw new Error()");
  developer.site("foobar", "[app_main]\nnumprocesses = 1\n");
  await type(appliance.home, "plugins.install", archive);
  assert.equal((await answered("/foobar")).body, "Hello World, packaged");
  // The same command, other code: what answers when the command is over is new.
  writeFileSync(server, readFileSync(server, "utf8").replace('require("greeting")', '"Hello again"'));
  await type(appliance.home, "plugins.install", "--force", home);
  assert.equal((await developer.get("/foobar")).body, "Hello again");
});

test("0004_noweb", async () => {
  for (const template of ["python3_noweb", "node_noweb"]) {
    await developer.provide(template, "foobar");
    await developer.forget("foobar");
  }
});

test("0008_openresty_plugin; installed again or edited, its new code answers", {
  skip: lacks({ lua: true }),
}, async () => {
  const home = await developer.provide("openresty", "foobar");
  const { body, headers } = await developer.answered("/foobar");
  assert.equal(body, `Hello World, this is request_id: ${headers["x-request-id"]}\n`);
  writeFileSync(join(home, "content_by_lua.lua"), 'ngx.say("new")\n');
  await developer.type(home, "plugins.install", "--force", home);
  assert.equal((await developer.get("/foobar")).body, "new\n");
  await developer.type(home, "plugins.uninstall", "foobar");
  await developer.type(home, "make", "develop");
  writeFileSync(join(home, "content_by_lua.lua"), 'ngx.say("edited")\n');
  await until("the edit shows", async () => (await developer.get("/foobar")).body === "edited\n" || undefined);
});

test("Lua code of a plugin has the usual libraries, and its own before them", {
  skip: lacks({ lua: true }),
}, async () => {
  const home = await developer.create("openresty", "foobar");
  const code = [
    'local sha = require("resty.sha256"):new()',
    'sha:update("abc")',
    'local cookies = require("resty.cookie"):new()',
    'local resolver = require("resty.dns.resolver"):new({ nameservers = { "127.0.0.1" } })',
    'local own = require("foobar.own")',
    "ngx.say(require('cjson').encode({",
    '  digest = require("resty.string").to_hex(sha:final()),',
    '  md5 = require("resty.md5"):new() ~= nil,',
    '  who = cookies:get("who"),',
    "  resolver = resolver ~= nil,",
    '  cached = require("resty.lrucache").new(1) ~= nil,',
    "  own = own,",
    '  random = require("resty.random"),',
    "}))",
  ];
  writeFileSync(join(home, "content_by_lua.lua"), `${code.join("\n")}\n`);
  writeFileSync(join(home, "own.lua"), 'return "its own"\n');
  mkdirSync(join(home, "resty"));
  writeFileSync(join(home, "resty", "random.lua"), 'return "the plugin\'s"\n');
  const config = readFileSync(join(home, "config.ini"), "utf8");
  assert.match(config, /^_add_plugin_dir_to_lua_path *=/m);
  writeFileSync(
    join(home, "config.ini"),
    config.replace(/^_add_plugin_dir_to_lua_path *=.*$/m, "_add_plugin_dir_to_lua_path = 1"),
  );
  await developer.type(home, "make", "develop");
  const url = `http://127.0.0.1:${developer.appliance.ports.mfserv}/foobar`;
  const { value } = await until("it serves", async () => {
    const reply = await http(url, { headers: { Cookie: "who=me" } });
    return reply.status === 200 ? reply.body : undefined;
  });
  assert.deepEqual(JSON.parse(value), {
    digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    md5: true,
    who: "me",
    resolver: true,
    cached: true,
    own: "its own",
    random: "the plugin's",
  });
});

test("0011_extra_daemon", async () => {
  const home = await developer.create("python3_noweb", "foobar");
  const mark = join(developer.appliance.home, "daemon.mark");
  appendFileSync(join(home, "config.ini"), `\n[extra_daemon_foo]\n_cmd_and_args = foo.sh ${mark}\nnumprocesses = 1\n`);
  writeFileSync(join(home, "bin", "foo.sh"), '#!/bin/sh\necho foobar >"$1"\nexec sleep 60\n', { mode: 0o755 });
  await developer.type(home, "make", "develop");
  await until("the daemon has run", () => {
    try {
      return readFileSync(mark, "utf8").trim() === "foobar" || undefined;
    } catch {
      return undefined;
    }
  });
});

test("0013_php_plugin: scripts by path, the environment, the end of a worker", {
  skip: lacks({ program: /^php-fpm/ }),
}, async () => {
  const { appliance, type, get, answered } = developer;
  const home = await developer.create("php", "foophp");
  writeFileSync(
    join(home, "main", "page.php"),
    '<?php echo getenv("MFSERV_CURRENT_PLUGIN_NAME"), " ", $_SERVER["REQUEST_URI"], " ", file_get_contents("php://input");',
  );
  writeFileSync(join(home, "main", "slow.php"), '<?php usleep(1500000); echo "late";');
  await type(appliance.home, "plugins.install", await developer.release(home));
  assert.match((await answered("/foophp")).body, /^Hello world !\s*$/);
  assert.equal((await get("/foophp/page.php?a=1")).body, "foophp /foophp/page.php?a=1 ");
  assert.equal((await get("/foophp/none.php")).status, 404);
  // Replaced while it answers: the request is finished by the old one.
  const late = get("/foophp/slow.php");
  writeFileSync(join(home, "main", "page.php"), "<?php echo 'new';");
  await type(appliance.home, "plugins.install", "--force", join(appliance.home, "foophp"));
  assert.equal((await late).body, "late");
  assert.equal((await get("/foophp/page.php")).body, "new");
});
