/** `metwork serve` of every kind of code, with the real server of each. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { type Appliance, makeAppliance } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";
import { freePort } from "../support/ports.ts";
import { processesOf } from "../support/processes.ts";
import { makeCode, serve } from "../support/served.ts";

const FLASK = `import os
from flask import Flask
app = Flask(__name__)
@app.route("/")
def hello():
    return "before"
@app.route("/kill")
def kill():
    os._exit(1)
`;
const ASGI = `async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"before"})
`;
const AIOHTTP = `from aiohttp import web
async def hello(request):
    return web.Response(text="before")
def create_app():
    app = web.Application()
    app.router.add_get("/", hello)
    return app
`;
const TORNADO = `import tornado.web
class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("before")
app = tornado.web.Application([("/", Hello)])
`;
const NODE = `require("node:http").createServer((request, response) => response.end("before")).listen(process.env.PORT || 3000);
`;
const TYPESCRIPT = `import { createServer } from "node:http";
const text: string = "before";
createServer((_, response) => { response.end(text); }).listen({ port: 3000, host: "0.0.0.0" });
`;
const BY_PORT = `#!/usr/bin/env python3
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = ("before " + " ".join(sys.argv[1:])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;
const BY_SOCKET = `#!/usr/bin/env node
require("node:http").createServer((request, response) => response.end("before")).listen(process.argv[2]);
`;
const WORKER = `import os, time
open(os.environ["TMPDIR"] + "/worker-ran", "w").write(os.getcwd())
time.sleep(3600)
`;

interface Kind {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** The file in which `before` becomes `after`. */
  readonly edit: string;
  readonly needs?: Parameters<typeof lacks>[0];
  /** nginx alone serves it: there is nobody to kill. */
  readonly files_only?: boolean;
}

const KINDS: readonly Kind[] = [
  { name: "wsgi", files: { "hello.py": FLASK }, words: ["hello.py"], edit: "hello.py", needs: { python: "flask" } },
  {
    name: "asgi",
    files: { "asgi.py": ASGI },
    words: ["--name=asgi", "."],
    edit: "asgi.py",
    needs: { python: "uvicorn" },
  },
  {
    name: "aiohttp",
    files: { "a.py": AIOHTTP },
    words: ["--name=aio", "a.py"],
    edit: "a.py",
    needs: { python: "aiohttp" },
  },
  {
    name: "tornado",
    files: { "main.py": TORNADO },
    words: ["--name=tornado", "."],
    edit: "main.py",
    needs: { python: "tornado" },
  },
  { name: "node", files: { "server.js": NODE }, words: ["--name=node", "."], edit: "server.js" },
  {
    name: "a package of Node, in TypeScript",
    files: { "package.json": '{"type": "module", "scripts": {"start": "node index.ts"}}', "index.ts": TYPESCRIPT },
    words: ["--name=package", "."],
    edit: "index.ts",
  },
  {
    name: "php",
    files: { "index.php": "<?php echo 'before';" },
    words: ["--name=php", "."],
    edit: "index.php",
    needs: { program: /^php-fpm/ },
  },
  {
    name: "files",
    files: { "index.html": "before" },
    words: ["--name=pages", "."],
    edit: "index.html",
    files_only: true,
  },
  {
    name: "a Procfile with gunicorn and a worker",
    files: {
      Procfile: "web: gunicorn --bind 0.0.0.0:$PORT app:app\nworker: python3 worker.py\n",
      "app.py": FLASK,
      "worker.py": WORKER,
    },
    words: ["--name=heroku", "."],
    edit: "app.py",
    needs: { python: "gunicorn" },
  },
  {
    name: "a program that is told its port",
    files: { server: BY_PORT },
    words: ["server", "--", "--port", "$PORT"],
    edit: "server",
  },
  {
    name: "a program that binds a socket",
    files: { listen: BY_SOCKET },
    words: ["listen", "--", "{unix_socket_path}"],
    edit: "listen",
  },
];

let appliance: Appliance;
let env: NodeJS.ProcessEnv;

before(async () => {
  appliance = await makeAppliance();
  env = {
    ...process.env,
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ETC: join(appliance.home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
  };
  await appliance.ok("metwork", "start", "mfserv");
});
after(() => appliance[Symbol.asyncDispose]());

describe("served by the module that runs", () => {
  for (const kind of KINDS) {
    test(`${kind.name}: answers, is killed and comes back, is edited, ends`, {
      skip: kind.needs === undefined ? false : lacks(kind.needs),
    }, async () => {
      using code = makeCode(kind.files);
      await using serving = await serve(code.directory, env, ...kind.words);
      assert.match(serving.url, /^http:\/\/[a-z_]+\.localhost:\d+\/$/);
      const first = await serving.get();
      assert.deepEqual([first.status, first.body.slice(0, 6)], [200, "before"], serving.said());
      if (kind.files_only !== true) {
        await serving.killWorker();
        await serving.says(/^before/);
      }
      code.write(kind.edit, (kind.files[kind.edit] ?? "").replace("before", "after"));
      await serving.says(/^after/);
      assert.equal(await serving.interrupt(), 0, serving.said());
      assert.notEqual((await serving.get()).body.slice(0, 5), "after");
      assert.ok(!existsSync(join(serving.runtime, "var", "serve", serving.name)));
    });
  }
});

describe("served alone", () => {
  /** No module runs there. */
  const elsewhere = () => ({ ...env, METWORK_RUNTIME_ROOT: join(appliance.home, "none") });
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("metwork-serve-"));

  test("a file on a port of this machine alone; /kill; a mistake keeps the former; nothing is left", async () => {
    using code = makeCode({ "hello.py": FLASK });
    await using serving = await serve(code.directory, elsewhere(), "--port", String(await freePort()), "hello.py");
    assert.match(serving.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const home = join(serving.runtime, "..");
    assert.equal((await serving.get()).body, "before");
    const other = new URL(serving.url);
    other.hostname = "127.0.0.2";
    assert.equal((await http(String(other))).status, 0);

    await serving.get("/kill");
    await serving.says(/^before$/);
    code.write("hello.py", "import missing_module\n");
    await until("the mistake is shown", () => (/missing_module/.test(serving.said()) ? true : undefined));
    await until("it is said what goes on", () =>
      /the former version goes on/.test(serving.said()) ? true : undefined,
    );
    assert.equal((await serving.get()).body, "before");

    assert.equal(await serving.interrupt(), 0);
    assert.ok(!existsSync(home));
    assert.deepEqual(processesOf(home), []);
  });

  test("what a killed one left, the next one removes", async () => {
    using code = makeCode({ "index.html": "<p>here" });
    const serving = await serve(code.directory, elsewhere(), "--port", String(await freePort()), ".");
    const home = join(serving.runtime, "..");
    await serving.kill();
    assert.ok(existsSync(home));
    await using next = await serve(code.directory, elsewhere(), "--port", String(await freePort()), ".");
    assert.ok(!existsSync(home));
    assert.match((await next.get()).body, /here/);
    assert.equal(await next.interrupt(), 0);
    assert.ok(!left().includes(home));
  });

  test("code that does not start is refused with what it said, and leaves nothing", async () => {
    using code = makeCode({ "app.py": "import missing_module\nfrom flask import Flask\napp = Flask(__name__)\n" });
    const before = left();
    await assert.rejects(
      serve(code.directory, elsewhere(), "--port", String(await freePort()), "--name=broken", "app.py"),
      /No module named 'missing_module'/,
    );
    await until("nothing is left", () => (left().every((name) => before.includes(name)) ? true : undefined));
  });
});

test("--keep makes a plugin that is released, installed and answers", {
  skip: lacks({ python: "flask" }),
}, async () => {
  using code = makeCode({
    "hello.py": `import text\n${FLASK.replace('"before"', "text.TEXT")}`,
    "text.py": 'TEXT = "kept"\n',
    "other.py": "",
    ".secret": "x",
  });
  const { home, ports } = appliance;
  await appliance.ok("metwork", "serve", join(code.directory, "hello.py"), "--keep", join(home, "kept"));
  assert.deepEqual(readdirSync(join(home, "kept", "main")).sort(), ["hello.py", "text.py"]);
  await appliance.ok("mfserv_wrapper", "make", "-C", join(home, "kept"), "release");
  const archive = readdirSync(join(home, "kept")).find((name) => name.endsWith(".plugin")) ?? "";
  await appliance.ok("mfserv_wrapper", "plugins.install", join(home, "kept", archive));
  const reply = await http(`http://127.0.0.1:${ports.mfserv}/`, { headers: { Host: "hello.localhost" } });
  assert.deepEqual([reply.status, reply.body], [200, "kept"]);
  const again = await appliance.run("metwork", "serve", join(code.directory, "hello.py"), "--keep", join(home, "kept"));
  assert.deepEqual([again.code, /MF3092/.test(again.stderr)], [1, true]);
  const taken = await appliance.run("metwork", "serve", join(code.directory, "hello.py"));
  assert.deepEqual([taken.code, /MF3115/.test(taken.stderr)], [1, true]);
});
