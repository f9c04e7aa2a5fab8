import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type ModulePaths, runtimeLayout } from "../../src/core/module/paths.ts";
import { run } from "../../src/kit/exec.ts";
import { hashOfSecret } from "../../src/kit/upload-keys.ts";
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

  test("a second upload of a name that was not taken up yet is refused, and nothing is overwritten", async () => {
    assert.equal((await put("/again", "first")).status, 201);
    const reply = await put("/again", "second");
    assert.deepEqual(
      [reply.status, reply.body],
      [409, "HTTP/409 ERROR: again is there and has not been taken up yet\n"],
    );
    assert.equal(readFileSync(join(dataIn, "incoming", "again"), "utf8"), "first");
    assert.deepEqual(files("tmp/nginx"), []);
  });

  const digest = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest("base64");
  for (const [what, headers, status] of [
    ["Content-Digest", { "content-digest": `sha-256=:${digest("sha256", "content")}:` }, 201],
    [
      "two of them",
      { "content-digest": `sha-512=:${digest("sha512", "content")}:, sha-256=:${digest("sha256", "content")}:` },
      201,
    ],
    ["an algorithm nobody knows", { "content-digest": "sha-3=:AAAA:" }, 201],
    ["Digest", { digest: `SHA-256=${digest("sha256", "content")}` }, 201],
    ["Content-MD5", { "content-md5": digest("md5", "content") }, 201],
    ["a wrong Content-Digest", { "content-digest": `sha-256=:${digest("sha256", "other")}:` }, 400],
    ["one right and one wrong", { "content-digest": `sha-256=:${digest("sha256", "content")}:, sha-512=:AAAA:` }, 400],
    ["a wrong Repr-Digest", { "repr-digest": "sha-512=:AAAA:" }, 400],
    ["a wrong Digest", { digest: "sha-256=AAAA" }, 400],
    ["a wrong Content-MD5", { "content-md5": "AAAA" }, 400],
    ["one that is no base64", { "content-digest": "sha-256=:***:" }, 400],
  ] as const) {
    test(`${what}: ${status}`, async () => {
      const reply = await nginx.ask("/checked", { method: "PUT", body: "content", headers });
      assert.equal(reply.status, status, reply.body);
      assert.deepEqual(arrived(), status === 201 ? ["checked"] : []);
      if (status === 201) rmSync(join(dataIn, "incoming", "checked"));
      assert.deepEqual(files("tmp/nginx"), []);
    });
  }

  test("507 as long as the pipeline refuses files, before the body is read", async () => {
    const { refusing } = runtimeLayout(nginx.paths.runtime);
    writeFileSync(refusing, "");
    const reply = await put("/more", Buffer.alloc(900_000));
    assert.deepEqual([reply.status, reply.body.slice(0, 16)], [507, "HTTP/507 ERROR: "]);
    rmSync(refusing);
    assert.equal((await put("/more")).status, 201);
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

describe("the upload server with keys and listed directories", { skip }, () => {
  let nginx: RunningNginx;
  let dataIn: string;
  const secrets = { all: "a".repeat(43), some: "b".repeat(43) };
  const hash = hashOfSecret;
  const basic = (user: string, secret: string): string =>
    `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;

  before(async () => {
    nginx = await startNginx("mfdata", (paths) => {
      addPipeline(paths);
      const layout = runtimeLayout(paths.runtime);
      appendFileSync(layout.userConfig, "upload_authentication = 1\nupload_directories = incoming, step.switch.main\n");
      const lines = [`all ${hash(secrets.all)}`, "# a comment", `some ${hash(secrets.some)} other,step.switch.main`];
      writeFileSync(layout.uploadKeys, `${lines.join("\n")}\n`, { mode: 0o600 });
    });
    dataIn = join(nginx.paths.runtime, "var", "in");
  });
  after(async () => nginx?.[Symbol.asyncDispose]());

  for (const [what, authorization, path, status] of [
    ["no key", undefined, "/incoming/x", 401],
    ["a wrong one", `Bearer ${"c".repeat(43)}`, "/incoming/x", 401],
    ["a hash for a secret", `Bearer ${hash(secrets.all)}`, "/incoming/x", 401],
    ["another scheme", `Digest ${secrets.all}`, "/incoming/x", 401],
    ["a token", `Bearer ${secrets.all}`, "/incoming/one", 201],
    ["a password", basic("all", secrets.all), "/incoming/two", 201],
    ["a password of another name", basic("some", secrets.all), "/incoming/x", 401],
    ["a key for other directories", `Bearer ${secrets.some}`, "/incoming/x", 403],
    ["a key for a listed step", `bearer ${secrets.some}`, "/step.switch.main/three", 201],
    ["a step that is not listed", `Bearer ${secrets.all}`, "/step.guess_file_type.main/x", 400],
    ["trash, whatever the key", `Bearer ${secrets.all}`, "/trash/x", 400],
  ] as const) {
    test(`${what}: ${status}`, async () => {
      const headers = authorization === undefined ? {} : { authorization };
      const reply = await nginx.ask(path, { method: "PUT", body: "x", headers });
      assert.equal(reply.status, status, reply.body);
      if (status === 401) assert.equal(reply.headers["www-authenticate"], 'Basic realm="uploads"');
      assert.equal(existsSync(join(dataIn, path)), status === 201);
    });
  }

  test("keys are given and taken back by commands, and hold at once", async () => {
    const metwork = join(import.meta.dirname, "../../bin/metwork");
    const { runtime } = nginx.paths;
    const env = {
      ...process.env,
      METWORK_ALLOW_USAGE_BY_ROOT: "1",
      MFMODULE: "MFDATA",
      MFMODULE_RUNTIME_HOME: runtime,
    };
    const uploads = (...args: string[]) => run([metwork, "uploads", ...args], { env });
    const made = await uploads("allow", "newcomer", "incoming");
    assert.match(made.stdout, /^[\w-]{43}\n$/);
    assert.equal((await uploads("allow", "newcomer")).code, 1);
    assert.equal((await uploads("allow", "new comer")).code, 2);
    assert.match((await uploads("list")).stdout, /^newcomer {2}incoming$/m);
    const { uploadKeys } = runtimeLayout(runtime);
    assert.ok(!readFileSync(uploadKeys, "utf8").includes(made.stdout.trim()));
    assert.equal(statSync(uploadKeys).mode & 0o777, 0o600);
    const headers = { authorization: `Bearer ${made.stdout.trim()}` };
    const send = () => nginx.ask("/newcomers", { method: "PUT", body: "x", headers });
    assert.equal((await send()).status, 201);
    assert.equal((await uploads("revoke", "newcomer")).code, 0);
    assert.equal((await send()).status, 401);
    assert.equal((await uploads("revoke", "newcomer")).code, 1);
  });
});

function addPipeline(paths: ModulePaths): void {
  addPlugin(paths, "guess_file_type", {
    "config.ini": `${STEP}{{MFDATA_CURRENT_PLUGIN_DIR}}/main.py --dest-dir=switch/main {STANDARD_STEP_ARGUMENTS}\n`,
  });
  addPlugin(paths, "switch", { "config.ini": `${STEP}switch_step {STANDARD_STEP_ARGUMENTS}\n` });
}
