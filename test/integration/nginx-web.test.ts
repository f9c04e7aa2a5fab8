import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { writeState } from "../../src/system/lifecycle/state.ts";
import { type RunningNginx, startNginx, workerSocket } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";

const APP = "_cmd_and_args = true\nnumprocesses = ";
const programs = findPrograms();
const skip = (programs.nginx === undefined || programs.nginxModules.length === 0) && "nginx with Lua is not installed";

/** Says who it is and what it was asked. */
async function worker(path: string, name: string): Promise<Server> {
  const server = createServer((asked, reply) => {
    if (asked.url?.endsWith("/missing")) reply.statusCode = 404;
    reply.end(JSON.stringify({ name, url: asked.url, headers: asked.headers }));
  });
  await once(server.listen(path), "listening");
  chmodSync(path, 0o777);
  return server;
}

interface Told {
  readonly name: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

describe("the web server", { skip }, () => {
  let nginx: RunningNginx;
  const workers: Server[] = [];

  before(async () => {
    nginx = await startNginx("mfserv", (paths) => {
      // nginx's workers may run as another user in a container.
      chmodSync(dirname(paths.runtime), 0o755);
      addPlugin(paths, "foo", {
        "config.ini": [
          `[app_main]\n${APP}2\n_virtualdomain_based_routing = 1\n`,
          `[app_api]\n${APP}1\ntimeout = 1\nprefix_based_routing_extra_routes = /v1\n_extra_nginx_conf_filename = api.conf\n`,
        ].join(""),
        "api.conf": "proxy_set_header X-Extra yes;\n",
        "main/static/logo.txt": "logo",
        "api/static/deep/a.txt": "deep",
      });
      addPlugin(paths, "pages", {
        "config.ini": "[app_main]\n_static_url_prefix =\n_static_directory =\n",
        "main/index.html": "pages",
        "main/sub/index.html": "sub",
      });
      addPlugin(paths, "welcome", {
        "config.ini": "[app_main]\n_static_url_prefix =\n_static_directory =\n",
        "main/index.html": "welcome",
      });
      const lua = "_extra_nginx_init_worker_by_lua_block_filename = init.lua\n_add_plugin_dir_to_lua_path = 1\n";
      addPlugin(paths, "broken", { "config.ini": lua, "init.lua": "error('never')" });
      addPlugin(paths, "zoo", {
        "config.ini": `${lua}_extra_nginx_server_conf_filename = server.conf\n`,
        "init.lua": "require('tiger').awake = 'awake'",
        "server.conf":
          "location ~ ^/zoo { content_by_lua_block { ngx.print(require('tiger').awake, os.getenv('MFMODULE')) } }",
        "tiger.lua": "return { awake = 'asleep' }",
      });
      addPlugin(paths, "status", { "config.ini": `[app_main]\n${APP}1\n` });
    });
    for (const instance of [1, 2])
      workers.push(await worker(workerSocket(nginx.paths, "foo", "main", instance), `main${instance}`));
    workers.push(await worker(workerSocket(nginx.paths, "foo", "api", 1), "api"));
    workers.push(await worker(workerSocket(nginx.paths, "status", "main", 1), "status"));
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    for (const server of workers) server.close().closeAllConnections();
  });

  const told = async (path: string, headers: Record<string, string> = {}): Promise<Told> => {
    const reply = await nginx.ask(path, { headers });
    assert.equal(reply.status, 200, `${path}: ${reply.body}`);
    return JSON.parse(reply.body);
  };

  for (const [path, name] of [
    ["/foo", "main"],
    ["/foo/", "main"],
    ["/foo/some/thing?x=%2F", "main"],
    ["/foo/main", "main"],
    ["/foo/main/x", "main"],
    ["/foo/apix", "main"],
    ["/foo/api", "api"],
    ["/foo/api/x", "api"],
    ["/v1", "api"],
    ["/v1/x/y", "api"],
    ["/status/below", "status"],
    ["/status/main", "status"],
  ] as const) {
    test(`${path} reaches ${name}, unchanged`, async () => {
      const { name: by, url } = await told(path);
      assert.equal(by.replace(/\d$/, ""), name);
      assert.equal(url, path);
    });
  }

  for (const [path, body] of [
    ["/foo/static/logo.txt", "logo"],
    ["/foo/main/static/logo.txt", "logo"],
    ["/foo/api/static/deep/a.txt", "deep"],
    ["/pages/", "pages"],
    ["/pages/sub/", "sub"],
    ["/pages/main/", "pages"],
    ["/welcome/", "welcome"],
  ] as const) {
    test(`${path} is a file`, async () => {
      const reply = await nginx.ask(path);
      assert.deepEqual([reply.status, reply.body], [200, body]);
    });
  }

  for (const path of ["/foobar", "/foobar/x", "/pagesx/", "/v1x", "/", "/nowhere"]) {
    test(`${path} is nobody's: 404 with the welcome page`, async () => {
      const reply = await nginx.ask(path);
      assert.deepEqual([reply.status, reply.body], [404, "welcome"]);
      assert.match(String(reply.headers["x-request-id"]), /^[0-9a-f]{32}$/);
    });
  }

  test("an app's own 404 is left alone, and carries the request's id", async () => {
    const reply = await nginx.ask("/foo/missing");
    assert.equal(reply.status, 404);
    const { headers } = JSON.parse(reply.body) as Told;
    assert.equal(reply.headers["x-request-id"], headers["x-request-id"]);
  });

  test("a missing static file is nginx's own 404", async () => {
    const reply = await nginx.ask("/foo/static/none");
    assert.equal(reply.status, 404);
    assert.doesNotMatch(reply.body, /welcome/);
  });

  test("a directory without slash is redirected, right behind any proxy", async () => {
    for (const [path, location] of [
      ["/pages?a=1", "/pages/?a=1"],
      ["/pages/sub", "/pages/sub/"],
    ] as const) {
      const reply = await nginx.ask(path, { headers: { Host: "public.example.org" } });
      assert.deepEqual([reply.status, reply.headers.location], [301, location]);
    }
  });

  test("apps hear who asked; headers survive a fragment that sets one", async () => {
    for (const path of ["/foo/x", "/foo/api/x"]) {
      const { headers } = await told(path, { Host: "public.example.org:8443", "X-Forwarded-For": "203.0.113.9" });
      assert.equal(headers.host, "public.example.org:8443");
      assert.equal(headers["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
      assert.equal(headers["x-forwarded-host"], "public.example.org");
      assert.equal(headers["x-forwarded-port"], "8443");
      assert.equal(headers["x-forwarded-path"], path);
      assert.equal(headers["x-forwarded-proto"], "http");
      assert.equal(headers["x-extra"], path === "/foo/x" ? undefined : "yes");
    }
  });

  test("apps hear the port that was asked for, whatever the machine is called", async () => {
    const { port } = nginx;
    for (const [host, heard] of [
      [`box:${port}`, port],
      [`BOX.example.org:${port}`, port],
      [`127.0.0.1:${port}`, port],
      [`other.example.org:${port}`, port],
      ["box:8443", 8443],
      ["box", port],
      ["[::1]:8443", 8443],
    ] as const) {
      assert.equal((await told("/foo/x", { Host: host })).headers["x-forwarded-port"], `${heard}`, host);
    }
  });

  test("a virtual domain serves its app at /", async () => {
    for (const host of ["foo.localhost", "main.foo.box", "foo.box.example.org"]) {
      assert.match((await told("/any", { Host: host })).name, /^main/);
      assert.equal((await nginx.ask("/static/logo.txt", { headers: { Host: host } })).body, "logo");
    }
  });

  test("the module's own addresses answer", async () => {
    const layout = runtimeLayout(nginx.paths.runtime);
    assert.deepEqual(await bodyOf("/uuid"), [200, "unknown"]);
    writeFileSync(layout.uuid, "0123456789abcdef");
    assert.deepEqual(await bodyOf("/uuid"), [200, "0123456789abcdef"]);
    assert.match((await bodyOf("/status"))[1], /Active connections/);
    for (const [status, answer] of [
      [undefined, [503, "UNKNOWN"]],
      ["STARTING", [503, "STARTING"]],
      ["RUNNING", [200, "OK"]],
      ["ERROR", [503, "ERROR"]],
      ["STOPPING", [503, "STOPPING"]],
      ["STOPPED", [503, "UNKNOWN"]],
    ] as const) {
      if (status !== undefined) await writeState(layout, status);
      assert.deepEqual(await bodyOf("/__health"), answer);
    }
    assert.deepEqual((await nginx.ask("/generation", { control: true })).body, nginx.served);
  });

  test("Lua of plugins runs, even when another plugin's fails to start", async () => {
    assert.deepEqual(await bodyOf("/zoo/tiger"), [200, "awakeMFSERV"]);
  });

  test("the control address is not on the port", async () => {
    assert.equal((await nginx.ask("/generation")).status, 404);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  test("a header does not make a stranger local", { skip: outside === undefined && "no network" }, async () => {
    for (const path of ["/uuid", "/status", "/__upstream_status"]) {
      const asked = { headers: { "X-Forwarded-For": "127.0.0.1" }, ...(outside !== undefined && { host: outside }) };
      assert.equal((await nginx.ask(path, asked)).status, 403);
    }
  });

  test("a dead worker costs no request", async () => {
    const [first] = workers;
    assert.ok(first);
    first.close().closeAllConnections();
    await once(first, "close");
    for (let count = 0; count < 20; count++) assert.equal((await told("/foo/x")).name, "main2");
    workers[0] = await worker(workerSocket(nginx.paths, "foo", "main", 1), "main1");
    const deadline = Date.now() + 60_000;
    while ((await told("/foo/x")).name !== "main1") assert.ok(Date.now() < deadline, "the new worker gets no request");
  });

  test("every request is a line of JSON, whatever is in it", async () => {
    await nginx.ask('/foo/"quoted"\\', { headers: { Host: 'a"b' } }).catch(() => undefined);
    await nginx.ask("/foo/static/logo.txt");
    await nginx.ask("/foo/last-line");
    const file = join(runtimeLayout(nginx.paths.runtime).log, "nginx_access.log");
    const deadline = Date.now() + 60_000;
    const read = () => readFileSync(file, "utf8");
    while (!read().includes("last-line")) {
      assert.ok(Date.now() < deadline, "the log was not written");
      await delay(20);
    }
    const lines = read()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const last = lines.at(-1);
    assert.deepEqual(Object.keys(last), [
      "@timestamp",
      "from",
      "host",
      "method",
      "uri",
      "duration",
      "status",
      "request_length",
      "reply_length",
      "plugin",
      "app",
      "type",
      "upstream",
      "request_id",
    ]);
    assert.deepEqual([last.plugin, last.app, last.type], ["foo", "main", "dynamic"]);
    const still = lines.at(-2);
    assert.deepEqual([still.plugin, still.app, still.type], ["foo", "main", "static"]);
    assert.ok(lines.some((line) => line.plugin === "#unknown#" && line.status === 404));
    assert.ok(lines.some((line) => line.uri === '/foo/"quoted"\\'));
  });

  async function bodyOf(path: string): Promise<[number, string]> {
    const { status, body } = await nginx.ask(path);
    return [status, body];
  }
});
