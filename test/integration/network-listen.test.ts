import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ChannelModel, connect } from "amqplib";
import { makeCertificate } from "../support/certificate.ts";
import { mosquitto, publish, rabbitmq } from "../support/network/brokers.ts";
import type { Daemon } from "../support/network/daemon.ts";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";
import { networkProcess } from "./network-harness.ts";
import type { StepWorker } from "./steps-harness.ts";

const directory = mkdtempSync(join(tmpdir(), "metwork-listen-"));
let flow: Pipeline;
let rabbit: Daemon;
let rabbitStarted: Promise<void>;
const workers: StepWorker[] = [];
const brokers: Daemon[] = [];

before(async () => {
  rabbit = await rabbitmq(directory);
  rabbitStarted = rabbit.start();
  rabbitStarted.catch(() => undefined);
  flow = new Pipeline();
  // What listeners make has no name but its own random one; the archive counts contents.
  const archive = {
    ...archiveStep(flow.archive),
    work: { ...archiveStep(flow.archive).work, basename: "{ORIGINAL_UID}" },
  };
  flow.configure(flow.config([archive as ReturnType<typeof archiveStep>], [rule("*", "archive", "", "alwaystrue")]));
  await flow.startRedis();
  await flow.start();
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
  await Promise.all([flow.close(), rabbit.stop(), ...brokers.map((broker) => broker.stop())]);
  rmSync(directory, { recursive: true, force: true });
});

function start(program: string, plugin: string, settings: Readonly<Record<string, string | number>>): StepWorker {
  const worker = networkProcess(flow, program, plugin, settings);
  workers.push(worker);
  return worker;
}

/** How often each content that begins so is in the archive. */
function archived(beginning: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of flow.archived()) {
    const content = readFileSync(join(flow.archive, name), "utf8");
    if (content.startsWith(beginning)) counts.set(content, (counts.get(content) ?? 0) + 1);
  }
  return counts;
}

test("AMQP: exchange, routing key and queue; broker and listener killed meanwhile, every message is a file", async () => {
  await rabbitStarted;
  const exchange = { amqp_exchange_name: "weather", amqp_exchange_type: "topic", amqp_exchange_durable: 1 };
  const queue = { amqp_queue_name: "radar", amqp_queue_durable: 1, amqp_routing_key: "radar.#" };
  const common = { amqp_hostname: "127.0.0.1", amqp_port: rabbit.port, dest_dir: flow.incoming };
  const worker = start("amqplistener", "amqp", {
    ...common,
    ...exchange,
    ...queue,
    amqp_auto_ack: 0,
    amqp_prefetch_count: 10,
  });
  await until("it is connected", () => worker.log.includes("connected to 127.0.0.1"));
  const send = async (from: number, to: number): Promise<void> => {
    const connection: ChannelModel = await connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}`);
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange("weather", "topic", { durable: true });
    for (let index = from; index < to; index++) {
      channel.publish("weather", "radar.brest", Buffer.from(`amqp ${index}`), { persistent: true });
      channel.publish("weather", "satellite", Buffer.from(`amqp not ours ${index}`), { persistent: true });
    }
    await channel.waitForConfirms();
    await connection.close();
  };
  await until("its queue is there", async () => {
    await send(0, 1);
    return archived("amqp").size === 1;
  });
  await send(1, 200);
  worker.kill();
  await until("it goes on", () => archived("amqp").size === 200);
  await rabbit.stop();
  await rabbit.start();
  // Full: what comes is not acknowledged, and stays the broker's.
  mkdirSync(join(flow.root, "var"));
  writeFileSync(join(flow.root, "var", "refusing.json"), "");
  await until("it is connected again", () => worker.log.split("connected to 127.0.0.1").length > 3);
  await send(200, 300);
  await until("it waits", () =>
    worker.log.includes("a message waits, unacknowledged: the pipeline takes no files now"),
  );
  assert.equal(archived("amqp").size, 200);
  rmSync(join(flow.root, "var", "refusing.json"));
  await until("all are there", () => archived("amqp").size === 300);
  assert.ok(![...archived("amqp").keys()].some((content) => content.includes("not ours")));
  assert.equal(await worker.stop(), 0);
});

test("AMQP: told to stop with messages in its hands it ends well, and none is lost", async () => {
  await rabbitStarted;
  const connection: ChannelModel = await connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}`);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("stops", { durable: true });
  for (let index = 0; index < 600; index++) channel.sendToQueue("stops", Buffer.from(`stopped ${index}`));
  await channel.waitForConfirms();
  for (let round = 1; archived("stopped").size < 600; round++) {
    const worker = start("amqplistener", "stopping", {
      amqp_hostname: "127.0.0.1",
      amqp_port: rabbit.port,
      dest_dir: flow.incoming,
      amqp_queue_name: "stops",
      amqp_queue_durable: 1,
      amqp_auto_ack: 0,
      amqp_prefetch_count: 100,
    });
    const before = archived("stopped").size;
    await until("some are archived", () => archived("stopped").size > before);
    assert.equal(await worker.stop(), 0, `round ${round}: ${worker.log}`);
    // What it stored before it ended, none of which comes again.
    await until("they are archived", () => flow.inside().length === 0);
  }
  assert.equal((await channel.checkQueue("stops")).messageCount, 0);
  assert.deepEqual(new Set(archived("stopped").values()), new Set([1]));
  await connection.close();
});

test("AMQP: a queue that is not there is looked for until it is", async () => {
  await rabbitStarted;
  const worker = start("amqplistener", "looking", {
    amqp_hostname: "127.0.0.1",
    amqp_port: rabbit.port,
    dest_dir: flow.incoming,
    amqp_queue_name: "missing",
    amqp_queue_passive: 1,
  });
  await until("it has looked twice", () => worker.log.split("NOT_FOUND").length > 2);
  assert.equal(worker.starts, 1, worker.log);
  assert.equal(await worker.stop(), 0, worker.log);
});

for (const [qos, version] of [
  [1, "3.1.1"],
  [2, "5"],
] as const) {
  test(`MQTT ${version}, QoS ${qos}, TLS, login: broker and listener killed meanwhile, every message is a file`, async () => {
    const day = 86_400_000;
    const { certificate, key } = makeCertificate(new Date(Date.now() - day), new Date(Date.now() + day));
    const [pem, passwords] = [join(directory, `mqtt${qos}.pem`), join(directory, `passwords${qos}`)];
    writeFileSync(pem, certificate + key, { mode: 0o644 });
    writeFileSync(passwords, "");
    execFileSync("mosquitto_passwd", ["-b", passwords, "metwork", "s3cret"]);
    const broker = await mosquitto(directory, [
      `certfile ${pem}`,
      `keyfile ${pem}`,
      "tls_version tlsv1.2",
      "allow_anonymous false",
      `password_file ${passwords}`,
    ]);
    brokers.push(broker);
    await broker.start();
    const name = `mqtt${qos}`;
    const worker = start("mqttlistener", name, {
      mqtt_hostname: "localhost",
      mqtt_port: broker.port,
      mqtt_topic: "radar/+",
      mqtt_qos: qos,
      mqtt_version: version,
      mqtt_clean_session: 0,
      mqtt_client_id: "listener",
      mqtt_username: "metwork",
      mqtt_password: "s3cret",
      mqtt_tls: 1,
      mqtt_tls_ca_file: pem,
      dest_dir: "guess_file_type/main",
    });
    const login = ["-h", "localhost", "-u", "metwork", "-P", "s3cret", "--cafile", pem];
    const send = (from: number, to: number): void => {
      const lines = Array.from({ length: to - from }, (_, index) => `${name} ${from + index}\n`).join("");
      publish(broker, "radar/brest", lines, qos, ...login);
    };
    await until("it is subscribed", () => {
      send(0, 1);
      return archived(name).size === 1;
    });
    send(1, 150);
    worker.kill();
    await until("it goes on", () => archived(name).size === 150);
    for (const from of [150, 550, 950]) {
      // Many: mosquitto repeats whole what is beyond the 20 it takes up again.
      send(from, from + 400);
      // Its own files are up to date only when it is asked to end.
      await broker.stop("SIGTERM");
      await broker.start();
      await until("all are there", () => archived(name).size === from + 400);
    }
    const twice = [...archived(name)].filter(([content, count]) => count > 1 && content !== `${name} 0`);
    if (qos === 2) assert.deepEqual(twice, []);
    const tags = flow.archived().map((file) => flow.tags(file));
    const one = tags.find((each) => each.has(`0.${name}.main.mqttlistener_topic`));
    assert.equal(one?.get(`0.${name}.main.mqttlistener_topic`), "radar/brest");
    assert.equal(one?.get(`0.${name}.main.mqttlistener_port`), String(broker.port));
    assert.equal(await worker.stop(), 0);
  });
}
