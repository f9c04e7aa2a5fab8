import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { listenUnix } from "../../src/kit/linux/socket.ts";

const program = join(import.meta.dirname, "..", "..", "layers", "python3", "bin", "wsgi_server");

const APPLICATION = `
import os, time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/loop":
        while True:
            pass
    if path == "/stuck":
        time.sleep(60)
    if path == "/slow":
        time.sleep(0.5)
    if path == "/boom":
        raise ValueError("no")
    start_response("200 OK", [("Content-Type", "text/plain")])
    body = [path.encode(), b" ", os.environ.get("MFSERV_CURRENT_REQUEST_ID", "-").encode()]
    return iter(body) if path == "/pieces" else body
`;

describe("wsgi_server", { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "metwork-wsgi-"));
  const socketPath = join(directory, "s.sock");
  let child: ChildProcess;

  before(() => {
    writeFileSync(join(directory, "app.py"), APPLICATION);
  });
  after(() => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });

  function start(): void {
    rmSync(socketPath, { force: true });
    const fd = listenUnix(socketPath);
    const env = { PATH: "/usr/bin:/bin", PYTHONPATH: directory, LISTEN_FDS: "1" };
    child = spawn(program, ["app:application", "--timeout=1"], { env, stdio: ["ignore", "ignore", "ignore", fd] });
    closeSync(fd);
  }

  function get(path: string, headers: Record<string, string> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath, path, headers, agent: false }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(`${response.statusCode} ${text}`));
      });
      asked.on("error", reject).end();
    });
  }

  it("answers, and knows the request's id", async () => {
    start();
    assert.equal(await get("/a"), "200 /a -");
    assert.equal(await get("/a", { "X-Request-Id": "x1" }), "200 /a x1");
    assert.equal(await get("/pieces", { "X-Request-Id": "x2" }), "200 /pieces x2");
    assert.equal(await get("/a"), "200 /a -");
  });

  it("answers 500 for an application that fails, and goes on", async () => {
    assert.equal(await get("/boom"), "500 HTTP/500 Internal Server Error");
    assert.equal(await get("/a"), "200 /a -");
  });

  it("answers 504 for a request over its time, and goes on", async () => {
    assert.equal(await get("/loop"), "504 Gateway Time-out");
    assert.equal(await get("/a"), "200 /a -");
  });

  it("on SIGTERM answers every request that has come, then ends with 0", async () => {
    const exited = once(child, "exit");
    const pending = [get("/slow"), get("/slow")];
    // These two come while the first is handled, and wait for the one thread.
    const between = get("/a");
    await pending[0];
    child.kill("SIGTERM");
    assert.deepEqual(await Promise.all([...pending, between]), ["200 /slow -", "200 /slow -", "200 /a -"]);
    assert.deepEqual(await exited, [0, null]);
  });

  it("ends a process whose request cannot be interrupted", async () => {
    start();
    const exited = once(child, "exit");
    await assert.rejects(get("/stuck"));
    assert.deepEqual(await exited, [null, "SIGKILL"]);
  });
});
