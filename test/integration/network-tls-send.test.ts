import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Certificates, makeCertificates } from "../support/network/certificates.ts";
import { nginx, type WebServer } from "../support/network/nginx.ts";
import { type SshServer, sshd } from "../support/network/sshd.ts";
import { type FtpServer, vsftpd } from "../support/network/vsftpd.ts";
import { Pipeline, until } from "./flow-harness.ts";
import { networkProcess } from "./network-harness.ts";
import { give, ownStep, type StepWorker } from "./steps-harness.ts";

const retry = { total: 1000, minWaitS: 0.2, maxWaitS: 0.2, backoff: 0 };
const PLUGINS = ["explicit", "implicit", "password", "locked", "basic", "bearer", "certified"];
/** A server sends the authority that signed its certificate along, or not. */
const DISBELIEVED = /unable to verify the first certificate|self-signed certificate in/;
const directory = mkdtempSync(join(tmpdir(), "metwork-tls-send-"));
let flow: Pipeline;
let pem: Certificates;
let explicit: FtpServer;
let implicit: FtpServer;
let ssh: SshServer;
let web: WebServer;
const workers: StepWorker[] = [];

before(async () => {
  pem = makeCertificates(directory);
  flow = new Pipeline();
  flow.configure(
    flow.config(
      PLUGINS.map((name) => ownStep(name, { retry })),
      [],
    ),
  );
  explicit = await vsftpd(directory, pem.both);
  implicit = await vsftpd(directory, pem.both, pem.authority);
  [ssh, web] = [await sshd(directory), await nginx(directory, pem)];
  await Promise.all([flow.startRedis(), explicit.start(), implicit.start(), ssh.start(), web.start()]);
  await flow.start();
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
  await Promise.all([flow.close(), explicit.stop(), implicit.stop(), ssh.stop(), web.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

type Settings = Readonly<Record<string, string | number>>;

interface Case {
  readonly program: string;
  readonly plugin: string;
  /** The directory it goes to. */
  readonly target: string;
  readonly settings: Settings;
  /** What is told wrongly, and what is then said. */
  readonly wrong: readonly (readonly [Settings, RegExp])[];
}

function start(program: string, plugin: string, settings: Settings): StepWorker {
  const worker = networkProcess(flow, program, plugin, settings);
  workers.push(worker);
  return worker;
}

/** Nothing arrives while the plugin is told something wrong; then the same file does. */
async function refusedThenSent({ program, plugin, target, settings, wrong }: Case): Promise<void> {
  give(flow, plugin, "secret", "content");
  for (const [change, why] of wrong) {
    const worker = start(program, plugin, { ...settings, ...change });
    await until(`${JSON.stringify(change)} is refused`, () => why.test(worker.log));
    await worker.stop();
    assert.deepEqual(existsSync(target) ? readdirSync(target) : [], []);
  }
  const worker = start(program, plugin, settings);
  await until("it is there", () => existsSync(join(target, "secret")));
  assert.equal(readFileSync(join(target, "secret"), "utf8"), "content");
  assert.equal(await worker.stop(), 0);
}

const ftp = (server: FtpServer): Settings => ({
  ftp_hostname: "localhost",
  ftp_port: server.port,
  ftp_username: "anonymous",
  ftp_password: "x",
  ftp_directory: "data",
  ftp_tls_ca_file: pem.authority,
});

test("explicit FTPS: the server's certificate is checked", () =>
  refusedThenSent({
    program: "ftpsend",
    plugin: "explicit",
    target: join(explicit.files, "data"),
    settings: { ...ftp(explicit), ftp_tls: "explicit" },
    wrong: [
      [{ ftp_tls_ca_file: pem.stranger }, DISBELIEVED],
      [{ ftp_tls: "none" }, /530|encryption|must use/i],
    ],
  }));

test("implicit FTPS: the server's certificate is checked, ours is shown", () =>
  refusedThenSent({
    program: "ftpsend",
    plugin: "implicit",
    target: join(implicit.files, "data"),
    settings: {
      ...ftp(implicit),
      ftp_tls: "implicit",
      ftp_tls_cert_file: pem.client,
      ftp_tls_key_file: pem.clientKey,
    },
    wrong: [
      [{ ftp_tls_ca_file: pem.stranger }, DISBELIEVED],
      [{ ftp_tls_cert_file: "", ftp_tls_key_file: "" }, /certificate|closed|handshake|ECONNRESET/i],
    ],
  }));

for (const plugin of ["password", "locked"]) {
  test(`SFTP with ${plugin === "locked" ? "a key that has a passphrase" : "a password"}`, () => {
    const target = join(directory, `sftp-${plugin}`);
    mkdirSync(target);
    const login: Settings = { sftp_password: ssh.password };
    const key: Settings = { sftp_key_file: ssh.lockedKey, sftp_key_file_passphrase: ssh.passphrase };
    return refusedThenSent({
      program: "sftpsend",
      plugin,
      target,
      settings: {
        sftp_hostname: "127.0.0.1",
        sftp_port: ssh.port,
        sftp_username: ssh.user,
        sftp_known_hosts_file: ssh.knownHosts,
        sftp_directory: target,
        ...(plugin === "locked" ? key : login),
      },
      wrong:
        plugin === "locked"
          ? [
              [{ sftp_key_file_passphrase: "another" }, /passphrase|key/i],
              [{ sftp_key_file_passphrase: "" }, /passphrase/i],
            ]
          : [[{ sftp_password: "wrong" }, /authentication/i]],
    });
  });
}

const https = (place: string): Settings => ({
  http_method: "PUT",
  http_url: `https://localhost:${web.port}/${place}/{ORIGINAL_BASENAME}`,
  http_tls_ca_file: pem.authority,
  http_ok_status_codes: "201,204",
});

test("HTTPS with basic authentication: the server's certificate is checked", () =>
  refusedThenSent({
    program: "httpsend",
    plugin: "basic",
    target: join(web.files, "basic"),
    settings: { ...https("basic"), http_username: "radar", http_password: "s3cret" },
    wrong: [
      [{ http_tls_ca_file: "" }, DISBELIEVED],
      [{ http_tls_ca_file: pem.stranger }, DISBELIEVED],
      [{ http_password: "wrong" }, /the server says 401/],
    ],
  }));

test("HTTPS with a bearer token", () =>
  refusedThenSent({
    program: "httpsend",
    plugin: "bearer",
    target: join(web.files, "bearer"),
    settings: { ...https("bearer"), http_token: "t0ken" },
    wrong: [[{ http_token: "another" }, /the server says 401/]],
  }));

test("HTTPS with a certificate of our own", () =>
  refusedThenSent({
    program: "httpsend",
    plugin: "certified",
    target: join(web.files, "certified"),
    settings: { ...https("certified"), http_tls_cert_file: pem.client, http_tls_key_file: pem.clientKey },
    wrong: [[{ http_tls_cert_file: "", http_tls_key_file: "" }, /the server says 403/]],
  }));
