/** What nginx itself answers, passes through without keeping it, and believes of its clients. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, chmodSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { request as secureRequest } from "node:https";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect as secureConnect } from "node:tls";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type RunningNginx, startNginx, workerSocket } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";
import { freePort } from "../support/ports.ts";

const APP = "_cmd_and_args = true\nnumprocesses = 1\n";
/** An address of this machine that is not local to nginx. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
const ID = /^[0-9a-f]{32}$/;
const skip = findPrograms().nginx === undefined && "nginx is not installed";

/** Answers by the end of the address: `/slow` never, `/events` event by event as it is told, others with what it got. */
function makeWorker(): Server & { tell(event: string): void } {
  let tell: (event: string) => void = () => undefined;
  const server = createServer((asked, reply) => {
    if (asked.url?.endsWith("/slow")) return;
    if (asked.url?.endsWith("/cut")) asked.socket.destroy();
    else if (asked.url?.endsWith("/events")) {
      reply.writeHead(200, { "Content-Type": "text/event-stream" });
      reply.flushHeaders();
      tell = (event) => reply.write(`data: ${event}\n\n`);
    } else reply.end(JSON.stringify({ url: asked.url, headers: asked.headers }));
  });
  server.on("upgrade", (asked, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.on("data", (chunk: Buffer) => socket.write(`${asked.url} ${chunk}`));
    socket.on("error", () => undefined);
  });
  return Object.assign(server, { tell: (event: string) => tell(event) });
}

describe("the web server at its edges", { skip }, () => {
  let nginx: RunningNginx;
  let securePort: number;
  const worker = makeWorker();

  before(async () => {
    securePort = await freePort();
    nginx = await startNginx("mfserv", (paths) => {
      chmodSync(dirname(paths.runtime), 0o755);
      const { config, userConfig } = runtimeLayout(paths.runtime);
      const { certificate, key } = makeCertificate(new Date("2020-01-01"), new Date("2100-01-01"));
      writeFileSync(join(config, "cert.pem"), certificate);
      writeFileSync(join(config, "key.pem"), key, { mode: 0o600 });
      const tls = `ssl_certificate = ${config}/cert.pem\nssl_certificate_key = ${config}/key.pem\n`;
      const trusted = ["127.0.0.0/8", ...(outside === undefined ? [] : [outside])];
      const proxy = `real_ip = 1\nreal_ip_set_from = ${trusted.join(",")}\nuuid_endpoint_extra_allows = 127.0.0.1,198.51.100.7\naccept_incoming_request_id_header = 1\n`;
      appendFileSync(userConfig, `https_port = ${securePort}\n${tls}${proxy}`);
      addPlugin(paths, "foo", {
        "config.ini": `[app_main]\n${APP}timeout = 1\n_virtualdomain_based_routing = 1\nvirtualdomain_based_routing_extra_vhosts = www.example.org,*.wild.example.org\n_extra_nginx_conf_filename = main.conf\n`,
        "main.conf": 'location ~ "/teapot" {\n  return 418 tea;\n}\n',
      });
      addPlugin(paths, "gone", { "config.ini": `[app_main]\n${APP}` });
    });
    const path = workerSocket(nginx.paths, "foo", "main", 1);
    await once(worker.listen(path), "listening");
    chmodSync(path, 0o777);
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    worker.close().closeAllConnections();
  });

  for (const [what, path, status, more] of [
    ["a body over the limit", "/foo/x", 413, { method: "POST", body: Buffer.alloc(1_100_000) }],
    ["a worker that takes too long", "/foo/slow", 504, {}],
    ["a worker that is not there", "/gone/x", 502, {}],
    ["a worker that hangs up, asked what must not be asked twice", "/foo/cut", 502, { method: "POST", body: "x" }],
    ["a stranger's own request", "/nowhere", 404, {}],
  ] as const) {
    test(`${what}: ${status}, with the request's id`, async () => {
      const reply = await nginx.ask(path, more);
      assert.equal(reply.status, status);
      assert.match(String(reply.headers["x-request-id"]), ID);
      const hosted = await nginx.ask(path.replace(/^\/foo/, ""), { ...more, headers: { Host: "www.example.org" } });
      if (path.startsWith("/foo")) {
        assert.equal(hosted.status, status);
        assert.match(String(hosted.headers["x-request-id"]), ID);
      }
    });
  }

  test("an id that came along is kept, one that is no word is not", async () => {
    const told = async (id: string) => (await nginx.ask("/foo/x", { headers: { "X-Request-Id": id } })).headers;
    assert.equal((await told("from-the-proxy.1"))["x-request-id"], "from-the-proxy.1");
    assert.match(String((await told('a"b c'))["x-request-id"]), ID);
  });

  test("extra virtual hosts lead to the app, in any case of letters", async () => {
    for (const host of ["www.example.org", "WWW.Example.org:8443", "any.wild.example.org", "foo.localhost"]) {
      assert.equal(JSON.parse((await nginx.ask("/p", { headers: { Host: host } })).body).url, "/p");
    }
    assert.equal((await nginx.ask("/p", { headers: { Host: "www.example.com" } })).status, 404);
  });

  test("a fragment's own location works below the prefix, at it, and in the virtual domain", async () => {
    for (const [path, host] of [
      ["/foo/teapot", "localhost"],
      ["/teapot", "foo.localhost"],
    ] as const) {
      assert.deepEqual([(await nginx.ask(path, { headers: { Host: host } })).status], [418], path);
    }
    assert.equal((await nginx.ask("/foo")).status, 200);
    assert.equal((await nginx.ask("/foobar")).status, 404);
  });

  test("behind a trusted proxy the client's address is believed, and opens no local endpoint", async () => {
    const headers = { "X-Forwarded-For": "203.0.113.9" };
    const { headers: heard } = JSON.parse((await nginx.ask("/foo/x", { headers })).body);
    assert.equal(heard["x-real-ip"], "203.0.113.9");
    for (const path of ["/status", "/uuid"]) {
      assert.equal((await nginx.ask(path)).status, 200);
      assert.equal((await nginx.ask(path, { headers })).status, 403);
      // What the stranger wrote itself comes before what the proxy knows of it.
      const lie = { "X-Forwarded-For": "127.0.0.1, 203.0.113.9" };
      assert.equal((await nginx.ask(path, { headers: lie })).status, 403);
    }
  });

  test("who comes from elsewhere is not local for saying so, though its header be trusted", {
    skip: outside === undefined && "no network",
  }, async () => {
    const asked = { headers: { "X-Forwarded-For": "127.0.0.1" }, host: outside ?? "" };
    const { headers: heard } = JSON.parse((await nginx.ask("/foo/x", asked)).body);
    assert.equal(heard["x-real-ip"], "127.0.0.1");
    for (const path of ["/status", "/uuid"]) assert.equal((await nginx.ask(path, asked)).status, 403);
  });

  test("who is listed reads the uuid, through a proxy too, and nothing else", async () => {
    const headers = { "X-Forwarded-For": "198.51.100.7" };
    assert.equal((await nginx.ask("/uuid", { headers })).status, 200);
    assert.equal((await nginx.ask("/status", { headers })).status, 403);
  });

  test("events arrive one by one, while the answer goes on", async () => {
    const asked = request({ port: nginx.port, path: "/foo/events", agent: false }).end();
    const [reply] = await once(asked, "response");
    for (const event of ["one", "two"]) {
      worker.tell(event);
      const [chunk] = await once(reply, "data");
      assert.equal(String(chunk), `data: ${event}\n\n`);
    }
    asked.destroy();
  });

  test("a WebSocket is passed through, both ways", async () => {
    const socket = connect(nginx.port, "127.0.0.1");
    socket.write("GET /foo/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    assert.match(String((await once(socket, "data"))[0]), /^HTTP\/1\.1 101 /);
    socket.write("hello");
    assert.equal(String((await once(socket, "data"))[0]), "/foo/ws hello");
    socket.destroy();
  });

  test("https speaks TLS 1.2 and 1.3, says so to the app, and nothing older", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const options = { minVersion: version, maxVersion: version, rejectUnauthorized: false } as const;
      const asked = secureRequest({ port: securePort, path: "/foo/x", agent: false, ...options }).end();
      const [reply] = await once(asked, "response");
      const [body] = await once(reply, "data");
      assert.equal(JSON.parse(String(body)).headers["x-forwarded-proto"], "https");
    }
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const socket = secureConnect({ port: securePort, rejectUnauthorized: false, ...old });
    const [error] = await once(socket, "error");
    assert.match(String(error), /protocol|alert|version/i);
  });
});
