/** How fast the network's ways in and out are, beside the plain clients of the same protocols, and how large their processes are. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { Pipeline, until } from "../test/integration/flow-harness.ts";
import { networkProcess } from "../test/integration/network-harness.ts";
import { give, ownStep, type StepWorker } from "../test/integration/steps-harness.ts";
import { mosquitto, publish, rabbitmq } from "../test/support/network/brokers.ts";
import { sshd } from "../test/support/network/sshd.ts";
import { vsftpd } from "../test/support/network/vsftpd.ts";

const MESSAGES = 3000;
const FILES = 300;
const FILE_BYTES = 20_000;

const directory = mkdtempSync(join(tmpdir(), "metwork-bench-"));
const [flow, ftp, ssh, broker, rabbit] = [
  new Pipeline(),
  await vsftpd(directory),
  await sshd(directory),
  await mosquitto(directory),
  await rabbitmq(directory),
];
flow.configure(flow.config([ownStep("ftp"), ownStep("sftp")], []));
await Promise.all([flow.startRedis(), ftp.start(), ssh.start(), broker.start(), rabbit.start()]);
await flow.start();
try {
  for (const qos of [0, 1, 2]) await listening(qos);
  for (const window of [1, 100]) await consuming(window);
  await sending("ftpsend", "ftp", join(ftp.files, "data"), ftpByCurl, {
    ftp_hostname: "127.0.0.1",
    ftp_port: ftp.port,
    ftp_username: "anonymous",
    ftp_password: "x",
    ftp_directory: "data",
  });
  const target = join(directory, "sftp");
  mkdirSync(target);
  await sending("sftpsend", "sftp", target, sftpByOpenssh, {
    sftp_hostname: "127.0.0.1",
    sftp_port: ssh.port,
    sftp_username: ssh.user,
    sftp_key_file: ssh.key,
    sftp_known_hosts_file: ssh.knownHosts,
    sftp_directory: target,
  });
} finally {
  await Promise.all([flow.close(), ftp.stop(), ssh.stop(), broker.stop(), rabbit.stop()]);
  rmSync(directory, { recursive: true, force: true });
}

/** From the first message published to the last file in place. */
async function listening(qos: number): Promise<void> {
  const target = join(directory, `qos${qos}`);
  const settings = { mqtt_hostname: "127.0.0.1", mqtt_port: broker.port, mqtt_qos: qos, dest_dir: target };
  const worker = networkProcess(flow, "mqttlistener", `mqtt${qos}`, settings);
  await until("it listens", () => {
    publish(broker, "bench", "warm up\n", 1);
    return files(target) > 0;
  });
  const before = files(target);
  const begun = performance.now();
  publish(broker, "bench", `${"x".repeat(4000)}\n`.repeat(MESSAGES), Math.max(1, qos));
  const published = performance.now();
  await until("all are files", () => files(target) >= before + MESSAGES, 120_000);
  const rate = (end: number): string => `${Math.round((MESSAGES * 1000) / (end - begun))}/s`;
  console.log(
    `MQTT QoS ${qos}: ${rate(performance.now())} become files; the broker takes ${rate(published)}; ${size(worker)}`,
  );
  await worker.stop();
}

/** From the first message published to a queue to the last file in place, with a number of messages in hand. */
async function consuming(window: number): Promise<void> {
  const target = join(directory, `amqp${window}`);
  const queue = `bench${window}`;
  const worker = networkProcess(flow, "amqplistener", `amqp${window}`, {
    amqp_hostname: "127.0.0.1",
    amqp_port: rabbit.port,
    amqp_queue_name: queue,
    amqp_queue_durable: 1,
    amqp_auto_ack: 0,
    amqp_prefetch_count: window,
    dest_dir: target,
  });
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}`);
  const channel = await connection.createConfirmChannel();
  await until("it listens", async () => {
    channel.sendToQueue(queue, Buffer.from("warm up"), { persistent: true });
    await channel.waitForConfirms();
    return files(target) > 0;
  });
  const before = files(target);
  const begun = performance.now();
  for (let index = 0; index < MESSAGES; index++) {
    channel.sendToQueue(queue, Buffer.from("x".repeat(4000)), { persistent: true });
  }
  await channel.waitForConfirms();
  const published = performance.now();
  await until("all are files", () => files(target) >= before + MESSAGES, 120_000);
  const rate = (end: number): string => `${Math.round((MESSAGES * 1000) / (end - begun))}/s`;
  console.log(
    `AMQP, ${window} in hand: ${rate(performance.now())} become files; the broker takes ${rate(published)}; ${size(worker)}`,
  );
  await connection.close();
  await worker.stop();
}

/** A number of files, by our sender and by a plain client that renames nothing and checks nothing. */
async function sending(
  program: string,
  plugin: string,
  target: string,
  plain: (paths: readonly string[]) => void,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  const local = join(directory, `${plugin}-local`);
  mkdirSync(local);
  const paths = Array.from({ length: FILES }, (_, index) => join(local, `plain${index}`));
  for (const path of paths) writeFileSync(path, "x".repeat(FILE_BYTES));
  const plainBegun = performance.now();
  plain(paths);
  const plainMs = performance.now() - plainBegun;
  const worker = networkProcess(flow, program, plugin, settings);
  give(flow, plugin, "first", "x");
  await until("it sends", () => readdirSync(target).includes("first"));
  const begun = performance.now();
  for (let index = 0; index < FILES; index++) give(flow, plugin, `ours${index}`, "x".repeat(FILE_BYTES));
  await until(
    "all are there",
    () => readdirSync(target).filter((name) => /^ours\d+$/.test(name)).length === FILES,
    120_000,
  );
  const rate = (ms: number): string => `${Math.round((FILES * 1000) / ms)} files/s`;
  console.log(`${program}: ${rate(performance.now() - begun)}; the plain client ${rate(plainMs)}; ${size(worker)}`);
  await worker.stop();
}

function ftpByCurl(paths: readonly string[]): void {
  execFileSync("curl", ["-sS", "-T", `{${paths.join(",")}}`, `ftp://127.0.0.1:${ftp.port}/data/`]);
}

function sftpByOpenssh(paths: readonly string[]): void {
  const batch = join(directory, "batch");
  writeFileSync(batch, paths.map((path) => `put ${path} ${directory}/sftp/\n`).join(""));
  const options = [`UserKnownHostsFile=${ssh.knownHosts}`, "LogLevel=ERROR"].flatMap((option) => ["-o", option]);
  const argv = ["-q", "-b", batch, ...options, "-i", ssh.key, "-P", String(ssh.port), `${ssh.user}@127.0.0.1`];
  execFileSync("sftp", argv, { stdio: "ignore" });
}

function files(of: string): number {
  try {
    return readdirSync(of).filter((name) => /^[0-9a-f]{32}$/.test(name)).length;
  } catch {
    return 0;
  }
}

/** Memory that is its own, and all it maps. */
function size({ pid }: StepWorker): string {
  const status = readFileSync(`/proc/${pid ?? "self"}/status`, "utf8");
  const mebibytes = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return `${mebibytes("RssAnon")} MiB of its own (${mebibytes("VmRSS")} mapped)`;
}
