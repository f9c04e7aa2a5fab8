import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "amqplib";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { IoErrors } from "../chaos/pipeline/io-errors.ts";
import { mosquitto, publish, rabbitmq } from "../support/network/brokers.ts";
import { type Reply, type RunningNginx, startNginx } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";
import { networkProcess } from "./network-harness.ts";

const UPLOADS = join(import.meta.dirname, "../../src/main/uploads.ts");
const TUS = { "tus-resumable": "1.0.0" };
const programs = findPrograms();
const skip = spawnSync("cc", ["--version"]).status !== 0 && "there is no C compiler";
const noNginx =
  (programs.nginx === undefined || programs.nginxModules.length === 0) && "nginx with Lua is not installed";

/** FTP's and SFTP's servers say themselves what the disk said to them. */
describe("a disk that fails under the ways in: nobody is told that his file is safe, and it is when it is sent again", {
  skip,
}, () => {
  let errors: IoErrors;
  before(() => {
    errors = new IoErrors();
  });
  after(() => errors?.[Symbol.dispose]());

  for (const [which, fault] of [
    ["nothing", true],
    ["no waiting for it", "sync"],
  ] as const) {
    test(`MQTT, ${which} works: a message is acknowledged, and a file, once the disk takes it`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "metwork-eio-"));
      const broker = await mosquitto(directory, ["allow_anonymous true", "log_type debug"]);
      const flow = new Pipeline();
      flow.configure(flow.config([archiveStep(flow.archive)], [rule("*", "archive", "", "alwaystrue")]));
      const settings = { mqtt_hostname: "127.0.0.1", mqtt_port: broker.port, mqtt_topic: "t", mqtt_qos: 1 };
      await Promise.all([flow.start(), broker.start()]);
      const more = { dest_dir: "guess_file_type/main", mqtt_clean_session: 0, mqtt_client_id: "ears" };
      const worker = networkProcess(flow, "mqttlistener", "ears", { ...settings, ...more }, errors.env);
      const kept = (): readonly string[] =>
        flow.archived().map((name) => readFileSync(join(flow.archive, name), "utf8"));
      try {
        await until("it has subscribed", () => broker.log.includes("Sending SUBACK to ears"));
        errors.fail(fault);
        publish(broker, "t", "precious\n", 1);
        await until("it met the error", () => /EIO/.test(worker.log));
        assert.doesNotMatch(broker.log, /Received PUBACK from ears/);
        assert.deepEqual(kept(), []);
        errors.fail(false);
        await until("it is kept", () => kept().includes("precious"));
        await until("it is acknowledged", () => broker.log.includes("Received PUBACK from ears"));
        assert.deepEqual(kept(), ["precious"]);
      } finally {
        errors.fail(false);
        await worker.stop();
        await Promise.all([flow.close(), broker.stop()]);
        rmSync(directory, { recursive: true });
      }
      assert.equal(worker.starts, 1);
    });
  }

  test("AMQP: a message is acknowledged, and a file, once the disk takes it", async () => {
    const directory = mkdtempSync(join(tmpdir(), "metwork-eio-"));
    const broker = await rabbitmq(directory);
    const flow = new Pipeline();
    flow.configure(flow.config([archiveStep(flow.archive)], [rule("*", "archive", "", "alwaystrue")]));
    await Promise.all([flow.start(), broker.start()]);
    const connection = await connect(`amqp://guest:guest@127.0.0.1:${broker.port}`);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("radar", { durable: true });
    const settings = { amqp_hostname: "127.0.0.1", amqp_port: broker.port, amqp_queue_name: "radar" };
    const more = { amqp_queue_durable: 1, amqp_auto_ack: 0, dest_dir: "guess_file_type/main" };
    const worker = networkProcess(flow, "amqplistener", "ears", { ...settings, ...more }, errors.env);
    const kept = (): readonly string[] => flow.archived().map((name) => readFileSync(join(flow.archive, name), "utf8"));
    const held = async (): Promise<number> => (await channel.checkQueue("radar")).messageCount;
    try {
      await until("it is connected", () => worker.log.includes("connected to 127.0.0.1"));
      errors.fail(true);
      channel.sendToQueue("radar", Buffer.from("precious"), { persistent: true });
      await channel.waitForConfirms();
      await until("it met the error", () => /EIO/.test(worker.log));
      assert.deepEqual(kept(), []);
      assert.doesNotMatch(worker.log, /message received/);
      // Dead with it in its hands it gives it back: the broker has it still.
      worker.kill();
      await until("another has begun", () => worker.starts > 1);
      errors.fail(false);
      await until("it is kept", () => kept().includes("precious"));
      await until("it is acknowledged", () => /message received/.test(worker.log));
      await worker.stop();
      assert.equal(await held(), 0);
      assert.deepEqual(kept(), ["precious"]);
    } finally {
      errors.fail(false);
      await worker.stop();
      await connection.close();
      await Promise.all([flow.close(), broker.stop()]);
      rmSync(directory, { recursive: true });
    }
  });

  describe("HTTP", { skip: noNginx }, () => {
    let nginx: RunningNginx;
    let incoming: string;
    const startUploads = () => {
      const { configAuto } = runtimeLayout(nginx.paths.runtime);
      const argv = ["--disable-warning=ExperimentalWarning", UPLOADS, join(configAuto, "uploads.json")];
      return spawn(process.execPath, argv, { env: { ...process.env, ...errors.env }, stdio: "ignore" });
    };
    before(async () => {
      const prepare = (paths: RunningNginx["paths"]): void => {
        const step = "[step_main]\nnumprocesses = 1\n_cmd_and_args = switch_step {STANDARD_STEP_ARGUMENTS}\n";
        addPlugin(paths, "switch", { "config.ini": step });
        appendFileSync(runtimeLayout(paths.runtime).userConfig, "upload_resumable = 1\n");
      };
      nginx = await startNginx("mfdata", prepare, programs, errors.env);
      incoming = join(nginx.paths.runtime, "var/in/incoming");
    });
    after(async () => {
      errors.fail(false);
      await nginx?.[Symbol.asyncDispose]();
    });

    test("PUT: small and large are refused, leave nothing, and are taken afterwards", async () => {
      for (const [name, size] of [
        ["small", 100],
        ["large", 900_000],
      ] as const) {
        const put = () => nginx.ask(`/${name}`, { method: "PUT", body: Buffer.alloc(size, name) });
        errors.fail(true);
        const refused = await put();
        assert.equal(refused.status, 507, refused.body);
        assert.ok(!readdirSync(incoming).includes(name));
        errors.fail(false);
        assert.equal((await put()).status, 201);
        assert.equal(readFileSync(join(incoming, name)).length, size);
      }
    });

    test("tus: an upload that is not safe is not said to be complete, and goes on afterwards", async () => {
      const service = startUploads();
      const ended = once(service, "exit");
      const metadata = `filename ${Buffer.from("resumed").toString("base64")}`;
      const create = (): Promise<Reply> =>
        nginx.ask("/tus/", { method: "POST", headers: { ...TUS, "upload-length": "7", "upload-metadata": metadata } });
      const send = (url: string): Promise<Reply> => {
        const headers = { ...TUS, "upload-offset": "0", "content-type": "application/offset+octet-stream" };
        return nginx.ask(url, { method: "PATCH", headers, body: Buffer.from("content") });
      };
      try {
        await until("the service answers", async () => (await nginx.ask("/tus/", { method: "OPTIONS" })).status < 500);
        const made = await create();
        assert.equal(made.status, 201);
        errors.fail(true);
        assert.deepEqual([(await create()).status, (await send(made.headers.location ?? "")).status], [507, 507]);
        assert.ok(!readdirSync(incoming).includes("resumed"));
        errors.fail(false);
        assert.equal((await send((await create()).headers.location ?? "")).status, 204);
        assert.equal(readFileSync(join(incoming, "resumed"), "utf8"), "content");
      } finally {
        errors.fail(false);
        service.kill("SIGKILL");
        await ended;
      }
    });
  });
});
