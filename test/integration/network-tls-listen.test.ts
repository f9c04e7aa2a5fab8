import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "amqplib";
import { mosquitto, type SecureBroker, secureRabbitmq } from "../support/network/brokers.ts";
import { type Certificates, makeCertificates } from "../support/network/certificates.ts";
import type { Daemon } from "../support/network/daemon.ts";
import { Pipeline, until } from "./flow-harness.ts";
import { networkProcess } from "./network-harness.ts";
import type { StepWorker } from "./steps-harness.ts";

/** A server sends the authority that signed its certificate along, or not. */
const DISBELIEVED = /unable to verify the first certificate|self-signed certificate in/;
const directory = mkdtempSync(join(tmpdir(), "metwork-tls-listen-"));
/** Its processes are told where it is; none of it needs to run for a listener to make files. */
let flow: Pipeline;
let pem: Certificates;
let rabbit: SecureBroker;
let broker: Daemon;
const workers: StepWorker[] = [];

before(async () => {
  pem = makeCertificates(directory);
  flow = new Pipeline();
  const tls = [`cafile ${pem.authority}`, `certfile ${pem.server}`, `keyfile ${pem.serverKey}`];
  rabbit = await secureRabbitmq(directory, pem);
  broker = await mosquitto(directory, [...tls, "require_certificate true", "use_identity_as_username true"]);
  await Promise.all([rabbit.start(), broker.start()]);
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
  await Promise.all([flow.close(), rabbit.stop(), broker.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

type Settings = Readonly<Record<string, string | number>>;

function start(program: string, plugin: string, settings: Settings): StepWorker {
  const worker = networkProcess(flow, program, plugin, { dest_dir: join(directory, plugin), ...settings });
  workers.push(worker);
  return worker;
}

function contents(plugin: string): readonly string[] {
  const target = join(directory, plugin);
  return existsSync(target) ? readdirSync(target).map((name) => readFileSync(join(target, name), "utf8")) : [];
}

/** A listener that is told to believe or to show something else does not get as far as `connected`. */
async function refused(program: string, settings: Settings, why: RegExp): Promise<void> {
  const worker = start(program, "refused", settings);
  await until(`${program} says why`, () => why.test(worker.log)).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${worker.log}`);
  });
  assert.doesNotMatch(worker.log, /connected to/);
  await worker.stop();
}

for (const version of ["3.1.1", "5"]) {
  test(`MQTT ${version} over TLS: the broker's certificate is checked, ours is shown`, async () => {
    const common = {
      mqtt_hostname: "localhost",
      mqtt_port: broker.port,
      mqtt_qos: 1,
      mqtt_version: version,
      mqtt_tls: 1,
      mqtt_topic: `tls/${version}`,
    };
    const ours = { mqtt_tls_cert_file: pem.client, mqtt_tls_key_file: pem.clientKey };
    await refused("mqttlistener", { ...common, ...ours, mqtt_tls_ca_file: pem.stranger }, DISBELIEVED);
    await refused("mqttlistener", { ...common, mqtt_tls_ca_file: pem.authority }, /certificate required|closed the/i);
    const plugin = `mqtt${version}`;
    const worker = start("mqttlistener", plugin, { ...common, ...ours, mqtt_tls_ca_file: pem.authority });
    const send = ["--cafile", pem.authority, "--cert", pem.client, "--key", pem.clientKey, "-q", "1", "-m", "secret"];
    await until("a message is a file", () => {
      execFileSync("mosquitto_pub", ["-h", "localhost", "-p", String(broker.port), "-t", `tls/${version}`, ...send]);
      return contents(plugin).includes("secret");
    });
    assert.equal(await worker.stop(), 0);
  });
}

test("AMQP over TLS: the broker's certificate is checked, ours is shown and says who we are", async () => {
  const common = {
    amqp_hostname: "localhost",
    amqp_port: rabbit.securePort,
    amqp_tls: 1,
    amqp_queue_name: "tls",
    amqp_queue_durable: 1,
  };
  const ours = { amqp_tls_cert_file: pem.client, amqp_tls_key_file: pem.clientKey };
  const authority = { amqp_tls_ca_file: pem.authority };
  await refused("amqplistener", { ...common, ...ours, amqp_tls_ca_file: pem.stranger }, DISBELIEVED);
  await refused("amqplistener", { ...common, ...authority }, /certificate required|closed|handshake|ECONNRESET/i);
  await refused(
    "amqplistener",
    { ...common, ...ours, ...authority, amqp_credentials_password: "wrong" },
    /ACCESS.REFUSED/i,
  );
  const worker = start("amqplistener", "amqp", {
    ...common,
    ...ours,
    ...authority,
    amqp_credentials_type: "external",
  });
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}`);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue("tls", { durable: true });
  channel.sendToQueue("tls", Buffer.from("secret"), { persistent: true });
  await channel.waitForConfirms();
  await until("the message is a file", () => contents("amqp").includes("secret"));
  await connection.close();
  assert.match(rabbit.log, /user 'radar' authenticated/);
  assert.equal(await worker.stop(), 0);
});
