import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import type { ModulePaths } from "../../src/core/module/paths.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type RunningNginx, startNginx } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";

const programs = findPrograms();
const skip = (programs.nginx === undefined || programs.nginxModules.length === 0) && "nginx with Lua is not installed";
const STEP = "[step_main]\nnumprocesses = 1\n_cmd_and_args = ";

describe("the upload server", { skip }, () => {
  let nginx: RunningNginx;
  let dataIn: string;
  const files = (directory: string): string[] => readdirSync(join(dataIn, directory)).sort();
  const put = (path: string, body: string | Buffer = "content", method = "PUT") => nginx.ask(path, { method, body });

  before(async () => {
    nginx = await startNginx("mfdata", addPipeline);
    dataIn = join(nginx.paths.runtime, "var", "in");
  });
  after(async () => nginx?.[Symbol.asyncDispose]());
  let seen: string[];
  beforeEach(() => {
    seen = files("incoming");
  });
  const arrived = (): string[] => files("incoming").filter((name) => !seen.includes(name));

  for (const [what, method, path, name] of [
    ["a name", "PUT", "/one.png", "one.png"],
    ["a directory and a name", "PUT", "/incoming/two,;:_.-x", "two,;:_.-x"],
    ["a trailing slash", "PUT", "/incoming/three.txt/", "three.txt"],
    ["a name that is an address", "PUT", "/status", "status"],
    ["another one", "PUT", "/generation", "generation"],
    ["no name", "POST", "/", /^[0-9a-f]{32}$/],
    ["a directory", "POST", "/incoming", /^[0-9a-f]{32}$/],
    ["a directory and a slash", "POST", "/incoming/", /^[0-9a-f]{32}$/],
  ] as const) {
    test(`${method} of ${what} arrives`, async () => {
      const reply = await put(path, `content of ${what}`, method);
      assert.deepEqual([reply.status, reply.body], [201, "Created\n"]);
      const [file = "", ...others] = arrived();
      assert.deepEqual(others, []);
      if (typeof name === "string") assert.equal(file, name);
      else assert.match(file, name);
      assert.equal(readFileSync(join(dataIn, "incoming", file), "utf8"), `content of ${what}`);
    });
  }

  test("a large body arrives whole, an empty one empty", async () => {
    const large = Buffer.alloc(900_000, "x");
    assert.equal((await put("/large", large)).status, 201);
    assert.equal((await put("/empty", "")).status, 201);
    assert.deepEqual(readFileSync(join(dataIn, "incoming", "large")), large);
    assert.equal(statSync(join(dataIn, "incoming", "empty")).size, 0);
  });

  test("a second upload of a name replaces the first", async () => {
    for (const body of ["first", "second"]) assert.equal((await put("/again", body)).status, 201);
    assert.equal(readFileSync(join(dataIn, "incoming", "again"), "utf8"), "second");
  });

  for (const [path, status, method] of [
    ["/trash/x", 400, "PUT"],
    ["/tmp/x", 400, "PUT"],
    ["/step.switch.main/x", 400, "PUT"],
    ["/elsewhere/x", 400, "PUT"],
    ["/incoming/../trash/x", 400, "PUT"],
    ["/incoming/..", 400, "PUT"],
    ["/incoming/a/b", 400, "PUT"],
    ["/incoming/a%20b", 400, "PUT"],
    ["/incoming/a%0Ab", 400, "PUT"],
    [`/incoming/${"n".repeat(256)}`, 400, "PUT"],
    ["/", 400, "PUT"],
    ["/trash", 400, "POST"],
    ["/one", 405, "GET"],
    ["/one", 405, "DELETE"],
  ] as const) {
    test(`${method} ${path.slice(0, 40)} is refused with ${status}`, async () => {
      mkdirSync(join(dataIn, "trash"), { recursive: true });
      const before = files("trash");
      const reply = await put(path, method === "GET" ? "" : "content", method);
      assert.equal(reply.status, status);
      assert.match(reply.body, new RegExp(`^HTTP/${status} ERROR: .+\\n$`));
      assert.deepEqual(arrived(), []);
      assert.deepEqual(files("trash"), before);
    });
  }

  test("too much is refused with 413", async () => {
    const reply = await put("/huge", Buffer.alloc(1_100_000)).catch((error: Error) => error);
    if (!(reply instanceof Error)) assert.deepEqual([reply.status, reply.body.slice(0, 16)], [413, "HTTP/413 ERROR: "]);
    assert.deepEqual(arrived(), []);
  });

  test("nothing is left where bodies are written", () => {
    assert.deepEqual(files("tmp/nginx"), []);
  });

  test("the same works on the socket, where the served id is", async () => {
    const reply = await nginx.ask("/by-socket", { method: "PUT", body: "x", control: true });
    assert.equal(reply.status, 201);
    assert.equal((await nginx.ask("/generation", { control: true })).body, nginx.served);
    assert.match((await nginx.ask("/status")).body, /Active connections/);
  });
});

describe("the upload server of an nginx without Lua", {
  skip: programs.nginx === undefined && "nginx is not installed",
}, () => {
  test("takes PUT into watched directories, and nothing else", async () => {
    await using nginx = await startNginx("mfdata", addPipeline, { ...programs, nginxModules: [] });
    const dataIn = join(nginx.paths.runtime, "var", "in");
    for (const [method, path, status] of [
      ["PUT", "/incoming/one.png", 201],
      ["PUT", "/incoming/a/b", 405],
      ["PUT", "/one.png", 405],
      ["PUT", "/trash/x", 405],
      ["PUT", "/step.switch.main/x", 405],
      ["DELETE", "/incoming/one.png", 403],
      ["POST", "/", 405],
    ] as const) {
      assert.equal((await nginx.ask(path, { method, body: "content" })).status, status, `${method} ${path}`);
    }
    assert.deepEqual(readdirSync(join(dataIn, "incoming")), ["one.png"]);
    assert.equal(readFileSync(join(dataIn, "incoming", "one.png"), "utf8"), "content");
    assert.deepEqual(readdirSync(join(dataIn, "trash")), []);
  });
});

function addPipeline(paths: ModulePaths): void {
  addPlugin(paths, "guess_file_type", {
    "config.ini": `${STEP}{{MFDATA_CURRENT_PLUGIN_DIR}}/main.py --dest-dir=switch/main {STANDARD_STEP_ARGUMENTS}\n`,
  });
  addPlugin(paths, "switch", { "config.ini": `${STEP}switch_step {STANDARD_STEP_ARGUMENTS}\n` });
}
