/** Every way of serving in Python through nginx; the names with a number are the predecessor's acceptance tests. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { type Developer, lacks, makeDeveloper } from "../support/developer.ts";

let developer: Developer;

before(async () => {
  developer = await makeDeveloper();
});
afterEach(async () => {
  await developer.forget("foobar");
});
after(async () => {
  await developer[Symbol.asyncDispose]();
});

/** How many processes there are is not what these tests are about. */
const ONE = "[app_main]\nnumprocesses = 1\n";

/** Where the application is, and what to replace in it so that an address ending with /slow takes its time. */
interface Slow {
  readonly file: string;
  readonly at: string;
  readonly by: string;
}

const pages: readonly [name: string, template: string, needs: string, says: RegExp, slow: Slow][] = [
  [
    "0003_python_raw_asgi",
    "python3_raw_asgi",
    "uvicorn",
    /^Hello, world!\s*$/,
    {
      file: "main/application.py",
      at: "    headers =",
      by: `    if scope["path"].endswith("/slow"):
        import asyncio

        await asyncio.sleep(1)
    headers =`,
    },
  ],
  [
    "0007_aiohttp_plugin",
    "python3_aiohttp",
    "aiohttp",
    /Hello World from aiohttp app/,
    {
      file: "main/application.py",
      at: "    return web.Response(text",
      by: `    if request.path.endswith("/slow"):
        await asyncio.sleep(1)
    return web.Response(text`,
    },
  ],
  [
    "0012_flask_plugin",
    "python3_flask",
    "flask",
    /Hello World !/,
    {
      file: "main/wsgi.py",
      at: "    return",
      by: `    from flask import request

    if request.path.endswith("/slow"):
        import time

        time.sleep(1)
    return`,
    },
  ],
  [
    "tornado",
    "python3_tornado",
    "tornado",
    /^Hello, world\s*$/,
    {
      file: "main/application.py",
      at: "    def get(self):",
      by: `    async def get(self):
        if self.request.path.endswith("/slow"):
            await asyncio.sleep(1)`,
    },
  ],
];

for (const [name, template, needs, says, { file, at, by }] of pages) {
  test(`${name}; a process that is replaced answers what it has begun`, {
    skip: lacks({ python: needs }),
  }, async () => {
    const { appliance, type, get, answered } = developer;
    developer.site("foobar", ONE);
    const home = await developer.create(template, "foobar");
    const source = join(home, file);
    const original = readFileSync(source, "utf8");
    const routes = 'main/")\n';
    writeFileSync(source, original.replace(at, by).replace(routes, `${routes}@app.route(PREFIX + "/slow")\n`));
    await type(appliance.home, "plugins.install", await developer.release(home));
    const reply = await answered("/foobar");
    assert.match(reply.body, says);
    assert.match(String(reply.headers["x-request-id"]), /^[0-9a-f]{32}$/);

    const slow = get("/foobar/slow");
    writeFileSync(source, original);
    await type(appliance.home, "plugins.install", "--force", home);
    const late = await slow;
    assert.equal(late.status, 200, late.body);
    assert.match(late.body, says);
  });
}
