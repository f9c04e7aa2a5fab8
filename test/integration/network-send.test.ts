import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { NETWORK_PROGRAMS, programSettings } from "../../src/core/flow/network/programs.ts";
import { sftpDestination } from "../../src/flow/send/sftp.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type SshServer, sshd } from "../support/network/sshd.ts";
import { type FtpServer, vsftpd } from "../support/network/vsftpd.ts";
import { Pipeline, png, until } from "./flow-harness.ts";
import { networkProcess } from "./network-harness.ts";
import { give, ownStep, type StepWorker } from "./steps-harness.ts";

const retry = { total: 200, minWaitS: 0.2, maxWaitS: 0.2, backoff: 0 };
const directory = mkdtempSync(join(tmpdir(), "metwork-send-"));
let flow: Pipeline;
let ftp: FtpServer;
let ssh: SshServer;
const workers: StepWorker[] = [];

before(async () => {
  flow = new Pipeline();
  flow.configure(
    flow.config(
      ["ftps", "sftp", "stranger", "http"].map((name) => ownStep(name, { retry })),
      [],
    ),
  );
  const day = 86_400_000;
  const { certificate, key } = makeCertificate(new Date(Date.now() - day), new Date(Date.now() + day));
  const pem = join(directory, "server.pem");
  writeFileSync(pem, certificate + key);
  ftp = await vsftpd(directory, pem);
  ssh = await sshd(directory);
  await Promise.all([flow.startRedis(), ftp.start(), ssh.start()]);
  await flow.start();
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
  await Promise.all([flow.close(), ftp.stop(), ssh.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

function start(program: string, plugin: string, settings: Readonly<Record<string, string | number>>): StepWorker {
  const worker = networkProcess(flow, program, plugin, settings);
  workers.push(worker);
  return worker;
}

/** What is in a directory, by name; nothing of it may have a temporary name. */
function contents(of: string): ReadonlyMap<string, Buffer> {
  const names = existsSync(of) ? readdirSync(of).filter((name) => !name.endsWith(".t")) : [];
  return new Map(names.sort().map((name) => [name, readFileSync(join(of, name))]));
}

test("FTPS: the server killed and the sender killed meanwhile, every file is there, whole, under its own name", async () => {
  const target = join(ftp.files, "data");
  const worker = start("ftpsend", "ftps", {
    ftp_hostname: "localhost",
    ftp_port: ftp.port,
    ftp_username: "anonymous",
    ftp_password: "x",
    ftp_directory: "data",
    ftp_tls: "explicit",
    ftp_tls_ca_file: join(directory, "server.pem"),
    ftp_sessions: 2,
  });
  const files = new Map(Array.from({ length: 40 }, (_, index) => [`f${index}`, png(index, 400_000)]));
  for (const [name, content] of files) give(flow, "ftps", name, content);
  await until("some are there", () => contents(target).size > 3);
  await ftp.stop();
  await ftp.start();
  await until("more are there", () => contents(target).size > 12);
  worker.kill();
  await until("all are there", () => contents(target).size === files.size && flow.inside().length === 0, 60_000);
  for (const [name, content] of contents(target)) assert.ok(files.get(name)?.equals(content), name);
  assert.deepEqual(
    readdirSync(target).filter((name) => name.endsWith(".t")),
    [],
  );
  assert.match(worker.log, /is now f\d+ at ftp:\/\/localhost/);
});

test("SFTP: known by a key it would not show first; the server killed meanwhile, every file is there and whole", async () => {
  const target = join(directory, "sftp");
  const worker = start("sftpsend", "sftp", {
    sftp_hostname: "127.0.0.1",
    sftp_port: ssh.port,
    sftp_username: ssh.user,
    sftp_key_file: ssh.key,
    sftp_known_hosts_file: ssh.knownHosts,
    sftp_directory: directory,
    sftp_basename: "sftp/{ORIGINAL_BASENAME}",
  });
  const files = new Map(Array.from({ length: 20 }, (_, index) => [`s${index}`, png(index, 1_500_000)]));
  for (const [name, content] of files) give(flow, "sftp", name, content);
  await until("some are there", () => contents(target).size > 3);
  await ssh.stop();
  await ssh.start();
  await until("all are there", () => contents(target).size === files.size && flow.inside().length === 0, 60_000);
  for (const [name, content] of contents(target)) assert.ok(files.get(name)?.equals(content), name);
  assert.deepEqual(
    readdirSync(target).filter((name) => name.endsWith(".t")),
    [],
  );
  await worker.stop();
});

test("SFTP: over a session that has ended a file fails at once, and does not wait for the time a silent server has", async () => {
  const given: Readonly<Record<string, string>> = {
    sftp_hostname: "127.0.0.1",
    sftp_port: String(ssh.port),
    sftp_username: ssh.user,
    sftp_key_file: ssh.key,
    sftp_known_hosts_file: ssh.knownHosts,
    sftp_directory: directory,
    sftp_timeout: "60",
  };
  const program = NETWORK_PROGRAMS.find(({ name }) => name === "sftpsend");
  assert.ok(program);
  const { settings } = programSettings(program, (key) => given[key]);
  const session = await sftpDestination(settings).open();
  const file = join(directory, "one");
  writeFileSync(file, "content");
  await session.put(file, "sent", 7);
  await ssh.stop();
  await assert.rejects(session.put(file, "sent", 7));
  const begun = performance.now();
  await assert.rejects(session.put(file, "sent", 7), /the connection ended/);
  assert.ok(performance.now() - begun < 30_000);
  session.close();
  await ssh.start();
});

test("SFTP: a server nobody knows is refused, and so is one with another key", async () => {
  const empty = join(directory, "nobody");
  writeFileSync(empty, "");
  const settings = {
    sftp_hostname: "127.0.0.1",
    sftp_port: ssh.port,
    sftp_username: ssh.user,
    sftp_key_file: ssh.key,
    sftp_directory: directory,
  };
  give(flow, "stranger", "secret", "content");
  const unknown = start("sftpsend", "stranger", { ...settings, sftp_known_hosts_file: empty });
  await until("it is refused", () => unknown.log.includes("is refused: no file of known hosts knows it"));
  await unknown.stop();
  const other = join(directory, "other");
  writeFileSync(other, `[127.0.0.1]:${ssh.port} ${readFileSync(`${ssh.key}.pub`, "utf8")}`);
  const changed = start("sftpsend", "stranger", {
    ...settings,
    sftp_known_hosts_file: other,
    sftp_unknown_hosts: "accept",
  });
  await until("it is refused", () => changed.log.includes("is refused: it shows another key"));
  await changed.stop();
  assert.ok(!existsSync(join(directory, "secret")));
  const told = start("sftpsend", "stranger", {
    ...settings,
    sftp_known_hosts_file: empty,
    sftp_unknown_hosts: "accept",
  });
  await until("told to, it is believed", () => existsSync(join(directory, "secret")));
  await told.stop();
});

test("HTTP: names are escaped, who asks is told, connections are used again, refused and cut requests are tried again", async () => {
  const got = new Map<string, string>();
  const sockets = new Set<unknown>();
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    sockets.add(request.socket);
    if (requests === 2) return void request.socket.destroy();
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      if (requests === 3) return void response.writeHead(507).end("full\n");
      got.set(`${request.method} ${request.url} ${request.headers.authorization}`, text);
      response.writeHead(201).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const worker = start("httpsend", "http", {
    http_method: "PUT",
    http_url: `http://127.0.0.1:${port}/in/{ORIGINAL_BASENAME}?from={ORIGINAL_DIRNAME}`,
    http_username: "metwork",
    http_password: "s3cret",
  });
  const names = ["plain", "a b&c?.txt", "%41é", "d", "e", "f"];
  for (const name of names) give(flow, "http", name, `content of ${name}`);
  await until("all are there", () => got.size === names.length && flow.inside().length === 0);
  const login = `Basic ${Buffer.from("metwork:s3cret").toString("base64")}`;
  const expected = names.map((name) => [
    `PUT /in/${encodeURIComponent(name)}?from=step.http.main ${login}`,
    `content of ${name}`,
  ]);
  assert.deepEqual([...got].sort(), expected.sort());
  assert.ok(sockets.size < requests, `${requests} requests over ${sockets.size} connections`);
  assert.match(worker.log, /the server says 507 full/);
  await worker.stop();
  server.close();
});
