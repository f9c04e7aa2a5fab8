/** What plugins and operators were used to of the web server, and nothing else would notice. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, chmodSync, existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { type ModulePaths, runtimeLayout } from "../../src/core/module/paths.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type RunningNginx, startNginx, workerSocket } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";

const APP = "_cmd_and_args = true\nnumprocesses = 1\n";
const STATIC = "[app_main]\n_static_url_prefix =\n_static_directory =\n";
const skip = findPrograms().nginx === undefined && "nginx is not installed";

/** Says who it is and what it was asked, and keeps what it was asked. */
async function serve(
  { paths }: RunningNginx,
  plugin: string,
  app: string,
): Promise<Server & { asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, reply) => {
    asked.push(request);
    if (request.url?.endsWith("/never") !== true)
      reply.end(JSON.stringify({ app, url: request.url, headers: request.headers }));
  });
  const path = workerSocket(paths, plugin, app, 1);
  await once(server.listen(path), "listening");
  chmodSync(path, 0o777);
  return Object.assign(server, { asked });
}

function config({ runtime }: ModulePaths, lines: string): void {
  appendFileSync(runtimeLayout(runtime).userConfig, lines);
  // nginx's workers may run as another user in a container.
  chmodSync(dirname(runtime), 0o755);
}

describe("the web server's contracts", { skip }, () => {
  let nginx: RunningNginx;
  const servers: (Server & { asked: IncomingMessage[] })[] = [];

  before(async () => {
    nginx = await startNginx("mfserv", (paths) => {
      config(paths, "health_access_log = 1\nreal_ip = 1\nreal_ip_set_from = 127.0.0.0/8\n");
      addPlugin(paths, "site", {
        "config.ini": [
          "_extra_nginx_http_conf_filename = http.conf\n",
          `[app_main]\n${APP}prefix_based_routing_extra_routes = /\n_virtualdomain_based_routing = 1\n`,
          "_extra_nginx_conf_filename = main.conf\n_extra_nginx_conf_static_filename = static.conf\n",
          `[app_api]\n${APP}prefix_based_routing_extra_routes = /v1.x;/v2\n`,
        ].join(""),
        "http.conf": "map $arg_z $site_z {\n  default none;\n  x found;\n}\n",
        "main.conf": "add_header X-Z $site_z;\n",
        "static.conf": 'add_header X-Kind "of {{ MFSERV_CURRENT_PLUGIN_NAME }}";\n',
        "main/static/a.txt": "a file",
      });
      addPlugin(paths, "files", { "config.ini": STATIC, "main/data.unknown": "data", "main/empty/.keep": "" });
      addPlugin(paths, "hidden", { "config.ini": `[app_main]\n${APP}[internal]\ndisable_nginx_conf = 1\n` });
    });
    for (const app of ["main", "api"]) servers.push(await serve(nginx, "site", app));
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    for (const server of servers) server.close().closeAllConnections();
  });

  const appAt = async (path: string, host = "127.0.0.1"): Promise<string> => {
    const { body } = await nginx.ask(path, { headers: { Host: host } });
    return JSON.parse(body).app;
  };

  test("an app at / gets what nobody else has, and its files are at /static", async () => {
    for (const path of ["/", "/anything", "/sitex", "/filesx"]) assert.equal(await appAt(path), "main", path);
    for (const path of ["/static/a.txt", "/site/static/a.txt", "/site/main/static/a.txt"])
      assert.equal((await nginx.ask(path)).body, "a file", path);
  });

  test("an extra route is text, no pattern, and there may be several", async () => {
    for (const path of ["/v1.x", "/v1.x/y", "/v2", "/v2/", "/site/api"]) assert.equal(await appAt(path), "api", path);
    for (const path of ["/v1ax", "/v1ax/y", "/v20"]) assert.equal(await appAt(path), "main", path);
  });

  test("what is below /static never reaches an app, even where there are no files", async () => {
    const before = servers.map(({ asked }) => asked.length);
    for (const path of ["/site/static/none", "/site/api/static/none", "/v2/static/none"])
      assert.equal((await nginx.ask(path)).status, 404, path);
    assert.deepEqual(
      servers.map(({ asked }) => asked.length),
      before,
    );
  });

  test("a directory without an index is not listed, and a file of no known kind is text", async () => {
    assert.equal((await nginx.ask("/files/empty/")).status, 403);
    assert.match(String((await nginx.ask("/files/data.unknown")).headers["content-type"]), /^text\/plain/);
  });

  test("what a plugin adds to nginx, to its location and to its files counts there alone", async () => {
    assert.equal((await nginx.ask("/site?z=x")).headers["x-z"], "found");
    assert.equal((await nginx.ask("/site/api?z=x")).headers["x-z"], undefined);
    const file = await nginx.ask("/site/static/a.txt");
    assert.equal(file.headers["x-kind"], "of site");
    assert.match(String(file.headers["x-request-id"]), /^[0-9a-f]{32}$/);
  });

  test("a virtual domain has none of the main server's own addresses; who is called otherwise gets the main server", async () => {
    for (const path of ["/uuid", "/status", "/__health", "/__upstream_status", "/v2"])
      assert.equal(await appAt(path, "site.localhost"), "main", path);
    assert.equal(await appAt("/v2", "nobody.example.org"), "api");
  });

  test("a plugin with disable_nginx_conf gets no request", async () => {
    assert.equal(await appAt("/hidden/x"), "main");
  });

  test("a worker hears of a request when all of its body is there", async () => {
    const seen = (path: string) => servers[0]?.asked.some(({ url }) => url === path) ?? false;
    const socket = connect(nginx.port, "127.0.0.1");
    socket.write("POST /site/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
    // Much later requests have been answered meanwhile.
    for (let count = 0; count < 20; count++) await nginx.ask(`/site/other${count}`);
    assert.ok(!seen("/site/slow"));
    socket.write("half");
    assert.match(String((await once(socket, "data"))[0]), /^HTTP\/1\.1 200 /);
    assert.ok(seen("/site/slow"));
    assert.equal(servers[0]?.asked.find(({ url }) => url === "/site/slow")?.httpVersion, "1.1");
    socket.destroy();
  });

  test("the log names the module's own requests, and the proxy that a request came by", async () => {
    for (const path of ["/uuid?own", "/status?own", "/__health?own"]) await nginx.ask(path);
    await nginx.ask("/site?own", { headers: { "X-Forwarded-For": "203.0.113.9" } });
    const file = join(runtimeLayout(nginx.paths.runtime).log, "nginx_access.log");
    const { value } = await until("their lines", async () => {
      const lines = readFileSync(file, "utf8").split("\n");
      const own = lines.filter((line) => line.includes("?own"));
      return own.length === 4 ? own.map((line) => JSON.parse(line)) : undefined;
    });
    assert.deepEqual(
      value.map(({ plugin, from, via }) => [plugin, from, via]),
      [
        ["#core#", "127.0.0.1", "127.0.0.1"],
        ["#monitoring#", "127.0.0.1", "127.0.0.1"],
        ["#monitoring#", "127.0.0.1", "127.0.0.1"],
        ["site", "203.0.113.9", "127.0.0.1"],
      ],
    );
  });
});

describe("the web server with its options turned round", { skip }, () => {
  let nginx: RunningNginx;
  let server: Server & { asked: IncomingMessage[] };

  before(async () => {
    nginx = await startNginx("mfserv", (paths) => {
      const off = [
        "add_request_id_header",
        "add_x_forwarded_headers",
        "logging",
        "server_tokens",
        "proxy_ignore_client_abort",
      ];
      config(paths, `health_location = null\n${off.map((key) => `${key} = 0\n`).join("")}`);
      addPlugin(paths, "app", { "config.ini": `[app_main]\n${APP}` });
    });
    server = await serve(nginx, "app", "main");
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    server?.close().closeAllConnections();
  });

  test("adds no header, tells no version, has no /__health and writes no access log", async () => {
    const reply = await nginx.ask("/app", { headers: { "X-Forwarded-Proto": "https" } });
    assert.equal(reply.headers["x-request-id"], undefined);
    assert.equal(reply.headers["server"], "nginx");
    const { headers } = JSON.parse(reply.body);
    const added = Object.keys(headers).filter(
      (name) => name === "x-real-ip" || name === "x-request-id" || /^x-forwarded-(?!proto)/.test(name),
    );
    assert.deepEqual(added, []);
    assert.equal(headers["x-forwarded-proto"], "https");
    assert.equal((await nginx.ask("/__health")).status, 404);
    assert.ok(!existsSync(join(runtimeLayout(nginx.paths.runtime).log, "nginx_access.log")));
  });

  test("an app's connection ends with its client's", async () => {
    const socket = connect(nginx.port, "127.0.0.1");
    socket.write("GET /app/never HTTP/1.1\r\nHost: x\r\n\r\n");
    const { value } = await until("it is asked", () => server.asked.find(({ url }) => url === "/app/never"));
    const ended = once(value.socket, "close");
    socket.destroy();
    await ended;
  });
});
