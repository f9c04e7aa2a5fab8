/** Every way of serving in Python through nginx; the names with a number are the predecessor's acceptance tests. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { type Developer, makeDeveloper } from "../support/developer.ts";

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

const pages: readonly [name: string, template: string, path: string, says: RegExp][] = [
  ["0003_python_raw_asgi", "python3_raw_asgi", "/foobar", /^Hello, world!\s*$/],
  ["0007_aiohttp_plugin", "python3_aiohttp", "/foobar", /Hello World from aiohttp app/],
  ["0012_flask_plugin", "python3_flask", "/foobar", /Hello World !/],
  ["tornado", "python3_tornado", "/foobar", /^Hello, world\s*$/],
];

for (const [name, template, path, says] of pages) {
  test(name, async () => {
    developer.site("foobar", ONE);
    await developer.provide(template, "foobar");
    const reply = await developer.answered(path);
    assert.match(reply.body, says);
    assert.match(String(reply.headers["x-request-id"]), /^[0-9a-f]{32}$/);
  });
}
