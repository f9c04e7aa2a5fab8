/** Every way of serving in Python through nginx (how each ends: drain.test.ts); the names with a number are the predecessor's acceptance tests. */
import assert from "node:assert/strict";
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

const pages: readonly [name: string, template: string, needs: string, says: RegExp][] = [
  ["0003_python_raw_asgi", "python3_raw_asgi", "uvicorn", /^Hello, world!\s*$/],
  ["0007_aiohttp_plugin", "python3_aiohttp", "aiohttp", /Hello World from aiohttp app/],
  ["0012_flask_plugin", "python3_flask", "flask", /Hello World !/],
  ["tornado", "python3_tornado", "tornado", /^Hello, world\s*$/],
];

for (const [name, template, needs, says] of pages) {
  test(name, { skip: lacks({ python: needs }) }, async () => {
    developer.site("foobar", ONE);
    await developer.provide(template, "foobar");
    const reply = await developer.answered("/foobar");
    assert.match(reply.body, says);
    assert.match(String(reply.headers["x-request-id"]), /^[0-9a-f]{32}$/);
  });
}
