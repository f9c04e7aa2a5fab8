/** What a running module was told is what it runs by: options and files whose change was said to be applied, and was not. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { http, until } from "../../scripts/support/client.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type Appliance, makeAppliance } from "../support/appliance.ts";
import { makeCertificate } from "../support/certificate.ts";
import { freePort } from "../support/ports.ts";
import { settled } from "../support/settled.ts";

/** An address of this machine that is not the loopback's. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

const { vsftpd, bubblewrap } = findPrograms();
const hasFtp = vsftpd !== undefined && bubblewrap !== undefined;

let appliance: Appliance;
before(async () => {
  appliance = await makeAppliance();
});
after(() => appliance[Symbol.asyncDispose]());

async function apply(module: string, config: string): Promise<void> {
  appliance.write(`${module}/config/config.ini`, config);
  const { code, stderr } = await appliance.run("metwork", "apply", module);
  assert.equal(code, 0, stderr);
}

describe("mfserv", () => {
  let secure: number;
  let home: string;
  let tls: string;
  before(async () => {
    secure = await freePort();
    home = join(appliance.home, "mfserv");
    tls = `[nginx]\nhttps_port = ${secure}\nssl_certificate = ${home}/config/cert.pem\nssl_certificate_key = ${home}/config/key.pem\n`;
    putCertificate();
    appliance.write("mfserv/config/config.ini", tls);
    await appliance.ok("metwork", "start", "mfserv");
    await settled(home);
  });

  function putCertificate(): void {
    const { certificate, key } = makeCertificate(new Date("2020-01-01"), new Date("2100-01-01"));
    renameSync(appliance.write("new.pem", certificate), appliance.write("mfserv/config/cert.pem", ""));
    renameSync(appliance.write("new.key", key, 0o600), appliance.write("mfserv/config/key.pem", ""));
  }

  /** The certificate that clients are shown. */
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: secure, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.toString() ?? "");
        socket.destroy();
      });
      socket.on("error", reject);
    });

  test("a certificate that is renewed under its path is shown once the change is applied", async () => {
    putCertificate();
    const { code, stderr } = await appliance.run("metwork", "apply", "mfserv");
    assert.equal(code, 0, stderr);
    assert.equal(await shown(), readFileSync(join(home, "config/cert.pem"), "utf8"));
  });

  test("conf_monitor notices a renewed certificate", async () => {
    putCertificate();
    await settled(home);
    assert.equal(await shown(), readFileSync(join(home, "config/cert.pem"), "utf8"));
  });

  test("the one address to listen on is the only one", { skip: outside === undefined }, async () => {
    const at = (address: string): string => `http://${address}:${appliance.ports.mfserv}/__health`;
    assert.equal((await http(at(outside ?? ""))).status, 200);
    await apply("mfserv", `${tls}listen_address = 127.0.0.1\n`);
    assert.equal((await http(at("127.0.0.1"))).status, 200);
    assert.equal((await http(at(outside ?? ""))).status, 0);
    await apply("mfserv", tls);
    assert.equal((await http(at(outside ?? ""))).status, 200);
  });

  test("logs are rotated, and may be read, as was said last", async () => {
    const log = join(home, "log/conf_monitor.log");
    const rotated = (): readonly string[] =>
      readdirSync(join(home, "log")).filter((name) => name.startsWith("conf_monitor.log."));
    assert.deepEqual(rotated(), []);
    await apply("mfserv", `${tls}[log]\nchmod = 0600\nmax_size_before_rotation = 100\n`);
    appliance.plugin("mfserv", "broken", { "config.ini": "[general\n" });
    await settled(home);
    await until("what conf_monitor said of it is in a new file", () => rotated().length > 0 || undefined);
    assert.equal(statSync(log).mode & 0o777, 0o600);
  });
});

describe("mfdata", () => {
  let home: string;
  before(async () => {
    home = join(appliance.home, "mfdata");
    await appliance.ok("metwork", "start", "mfdata");
    await settled(home);
  });

  /** The certificate that senders over FTP are shown. */
  const shownByFtp = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const plain = connectPlain(port, "127.0.0.1").once("error", reject);
      plain.once("data", () => {
        plain.write("AUTH TLS\r\n");
        plain.once("data", () => {
          const socket = connect({ socket: plain, rejectUnauthorized: false }, () => {
            resolve(socket.getPeerX509Certificate()?.toString() ?? "");
            socket.destroy();
          });
          socket.once("error", reject);
        });
      });
    });

  test("FTP shows a certificate that is renewed once the change is applied", { skip: !hasFtp }, async () => {
    const port = await freePort();
    const renew = (): string => {
      const { certificate, key } = makeCertificate(new Date("2020-01-01"), new Date("2100-01-01"));
      appliance.write("mfdata/config/ftp/server.pem", certificate + key, 0o600);
      return certificate;
    };
    appliance.write("mfdata/config/ftp/passwords", "secret\n", 0o600);
    const first = renew();
    await apply("mfdata", `[ftp]\nflag = 1\ntls = 1\naddress = 127.0.0.1\nport = ${port}\n`);
    assert.equal(await shownByFtp(port), first);
    const second = renew();
    assert.equal((await appliance.run("metwork", "apply", "mfdata")).code, 0);
    assert.equal(await shownByFtp(port), second);
  });

  test("the pipeline says as much as it is told to", async () => {
    const logOf = (name: string): string => readFileSync(join(home, `log/${name}.log`), "utf8");
    const adoptions = (): number => logOf("flow").split(" steps, watching ").length;
    await apply("mfdata", "[log]\nminimal_level = WARNING\n");
    const before = adoptions();
    await apply("mfdata", "[log]\nminimal_level = WARNING\n[trace]\nmax_age = 3\n");
    await apply("mfdata", "[log]\nminimal_level = DEBUG\n");
    await until("it says that it runs by that", () => adoptions() > before || undefined);
    assert.equal(adoptions(), before + 1);
    const url = `http://127.0.0.1:${appliance.ports.mfdata}/incoming/sent.txt`;
    assert.equal((await http(url, { method: "PUT", body: "sent" })).status, 201);
    const said = (): string =>
      readdirSync(join(home, "log"))
        .map((name) => readFileSync(join(home, "log", name), "utf8"))
        .join("");
    await until(
      "a step says what it does",
      () => said().includes("[DEBUG] (mfdata.guess_file_type.main#") || undefined,
    );
  });
});
