import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { hashOfSecret } from "../../src/kit/upload-keys.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type Reply, type RunningNginx, startNginx } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";

const skip = findPrograms().nginx === undefined && "nginx is not installed";
const MAIN = join(import.meta.dirname, "../../src/main/uploads.ts");
const SECRET = "s".repeat(43);
const VERSION = { "tus-resumable": "1.0.0", authorization: `Bearer ${SECRET}` };
const CONTENT = randomBytes(300_000);

describe("resumable uploads behind nginx", { skip }, () => {
  let nginx: RunningNginx;
  let service: ChildProcess;
  let incoming: string;
  let store: string;

  const startService = async (): Promise<void> => {
    const { configAuto, uploadsSocket } = runtimeLayout(nginx.paths.runtime);
    service = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", MAIN, join(configAuto, "uploads.json")],
      {
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    // The file is there before somebody listens on it.
    await until("the service listens", async () => {
      const socket = connect(uploadsSocket);
      const answered = await once(socket, "connect").catch(() => undefined);
      socket.destroy();
      return answered;
    });
  };
  const killService = async (): Promise<void> => {
    const ended = once(service, "exit");
    service.kill("SIGKILL");
    await ended;
    rmSync(runtimeLayout(nginx.paths.runtime).uploadsSocket, { force: true });
  };
  const metadata = (values: Record<string, string>): string =>
    Object.entries(values)
      .map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`)
      .join(",");
  const create = (values: Record<string, string>, length = CONTENT.length, more: Record<string, string> = {}) =>
    nginx.ask("/tus/", {
      method: "POST",
      headers: { ...VERSION, "upload-length": String(length), "upload-metadata": metadata(values), ...more },
    });
  const patch = (url: string, offset: number, body: Buffer): Promise<Reply> =>
    nginx.ask(url, {
      method: "PATCH",
      headers: { ...VERSION, "upload-offset": String(offset), "content-type": "application/offset+octet-stream" },
      body,
    });
  const offsetOf = async (url: string): Promise<number> =>
    Number((await nginx.ask(url, { method: "HEAD", headers: VERSION })).headers["upload-offset"]);
  const urlOf = (reply: Reply): string => {
    assert.equal(reply.status, 201, reply.body);
    assert.match(reply.headers.location ?? "", /^\/tus\/[0-9a-f]{32}$/);
    return reply.headers.location ?? "";
  };

  before(async () => {
    nginx = await startNginx("mfdata", (paths) => {
      const step = "[step_main]\nnumprocesses = 1\n_cmd_and_args = switch_step {STANDARD_STEP_ARGUMENTS}\n";
      addPlugin(paths, "switch", { "config.ini": step });
      const layout = runtimeLayout(paths.runtime);
      appendFileSync(layout.userConfig, "upload_resumable = 1\nupload_authentication = 1\n");
      const keys = [`all ${hashOfSecret(SECRET)}`, `other ${hashOfSecret("o".repeat(43))} elsewhere`];
      writeFileSync(layout.uploadKeys, `${keys.join("\n")}\n`);
    });
    incoming = join(nginx.paths.runtime, "var/in/incoming");
    store = join(nginx.paths.runtime, "var/in/tmp/uploads");
    await startService();
  });
  after(async () => {
    if (service !== undefined) await killService();
    await nginx?.[Symbol.asyncDispose]();
  });

  test("a file in two parts appears whole, at its end, and nothing of it is left behind", async () => {
    const digest = `sha-256=:${createHash("sha256").update(CONTENT).digest("base64")}:`;
    const url = urlOf(await create({ filename: "two.bin", directory: "incoming", digest }));
    assert.equal((await patch(url, 0, CONTENT.subarray(0, 100_000))).status, 204);
    assert.deepEqual(readdirSync(incoming), []);
    assert.equal(await offsetOf(url), 100_000);
    assert.equal((await patch(url, 100_000, CONTENT.subarray(100_000))).status, 204);
    assert.ok(readFileSync(join(incoming, "two.bin")).equals(CONTENT));
    assert.equal(statSync(join(incoming, "two.bin")).mode & 0o777, 0o644);
    assert.deepEqual(readdirSync(store), []);
  });

  test("an upload goes on after the service was killed", async () => {
    const url = urlOf(await create({ filename: "resumed.bin" }));
    assert.equal((await patch(url, 0, CONTENT.subarray(0, 200_000))).status, 204);
    await killService();
    await startService();
    const offset = await offsetOf(url);
    assert.equal(offset, 200_000);
    assert.equal((await patch(url, offset, CONTENT.subarray(offset))).status, 204);
    assert.ok(readFileSync(join(incoming, "resumed.bin")).equals(CONTENT));
  });

  test("one that was complete when the service died is delivered by the next", async () => {
    const url = urlOf(await create({ filename: "left.bin" }));
    assert.equal((await patch(url, 0, CONTENT.subarray(0, 299_999))).status, 204);
    await killService();
    appendFileSync(join(store, url.slice("/tus/".length)), CONTENT.subarray(299_999));
    await startService();
    assert.ok(readFileSync(join(incoming, "left.bin")).equals(CONTENT));
    assert.deepEqual(readdirSync(store), []);
  });

  test("nothing is overwritten, also when the name is taken meanwhile", async () => {
    writeFileSync(join(incoming, "taken"), "first");
    assert.equal((await create({ filename: "taken" })).status, 409);
    const url = urlOf(await create({ filename: "late" }, 3));
    writeFileSync(join(incoming, "late"), "first");
    assert.equal((await patch(url, 0, Buffer.from("abc"))).status, 409);
    assert.equal(readFileSync(join(incoming, "late"), "utf8"), "first");
    assert.equal((await nginx.ask(url, { method: "HEAD", headers: VERSION })).status, 404);
  });

  test("content that does not match its digest is refused, and an empty file is a file", async () => {
    const url = urlOf(await create({ filename: "spoiled", digest: "sha-256=:AAAA:" }, 3));
    assert.equal((await patch(url, 0, Buffer.from("abc"))).status, 460);
    assert.equal((await create({ filename: "empty" }, 0)).status, 201);
    assert.deepEqual([existsSync(join(incoming, "spoiled")), statSync(join(incoming, "empty")).size], [false, 0]);
    assert.deepEqual(readdirSync(store), []);
  });

  for (const [what, values, more, status] of [
    ["no key", {}, { authorization: "" }, 401],
    ["a wrong key", {}, { authorization: "Bearer x" }, 401],
    ["a key for another directory", {}, { authorization: `Bearer ${"o".repeat(43)}` }, 403],
    ["trash", { directory: "trash" }, {}, 400],
    ["a step that is not listed", { directory: "step.switch.main" }, {}, 400],
    ["a way out", { filename: "../../x" }, {}, 400],
    ["more than is allowed", {}, { "upload-length": "2000000" }, 413],
  ] as const) {
    test(`${what}: ${status}`, async () => {
      assert.equal((await create({ filename: "x", ...values }, 5, more)).status, status);
    });
  }

  test("without a key nobody adds to an upload, and nobody reads one", async () => {
    const url = urlOf(await create({ filename: "mine" }, 5));
    const headers = { "tus-resumable": "1.0.0" };
    assert.equal((await nginx.ask(url, { method: "HEAD", headers })).status, 401);
    assert.equal((await nginx.ask(url, { headers: VERSION })).status, 405);
    assert.equal((await nginx.ask(url, { method: "DELETE", headers: VERSION })).status, 204);
  });

  test("507 as long as the pipeline refuses files", async () => {
    const { refusing } = runtimeLayout(nginx.paths.runtime);
    writeFileSync(refusing, "");
    assert.equal((await create({ filename: "full" })).status, 507);
    rmSync(refusing);
    assert.equal((await create({ filename: "full" })).status, 201);
  });
});
