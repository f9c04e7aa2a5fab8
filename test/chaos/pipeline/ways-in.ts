import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { run } from "../../../src/kit/exec.ts";
import type { Appliance } from "../../support/appliance.ts";

/** A way for senders to bring a file in. */
export interface WayIn {
  readonly name: string;
  /** What it must say while nothing can be taken. */
  readonly refusal: RegExp;
  /** Sends a file; gives what was said to that, or undefined: it was accepted. */
  send(name: string, content: Buffer): Promise<string | undefined>;
}

export interface Ports {
  readonly http: number;
  readonly ftp: number;
  readonly sftp: number;
}

const NO_ROOM = /^507 HTTP\/507 ERROR: no more files are taken now/;
const TUS = { "tus-resumable": "1.0.0" };
const PROGRAM_MS = 30_000;

export function waysIn({ home }: Appliance, ports: Ports): readonly WayIn[] {
  const staged = join(home, "staged");
  const port = ports.http;
  return [
    {
      name: "PUT",
      refusal: NO_ROOM,
      send: async (name, body) => {
        const reply = await ask({ port, method: "PUT", path: `/incoming/${name}`, body });
        return reply.status === 201 ? undefined : said(reply);
      },
    },
    {
      name: "tus",
      refusal: NO_ROOM,
      send: async (name, body) => {
        const named = `filename ${Buffer.from(name).toString("base64")}`;
        const length = { "upload-length": String(body.length), "upload-metadata": named };
        const made = await ask({ port, method: "POST", path: "/tus/", headers: { ...TUS, ...length } });
        if (made.status !== 201) return said(made);
        const at = { "upload-offset": "0", "content-type": "application/offset+octet-stream" };
        const reply = await ask({ port, method: "PATCH", path: made.location, headers: { ...TUS, ...at }, body });
        return reply.status === 204 ? undefined : said(reply);
      },
    },
    {
      name: "FTP",
      refusal: /\b(45[12]|55[0-3])\b|Failed FTP upload/,
      send: (name, content) => {
        const path = join(staged, `ftp-${name}`);
        writeFileSync(path, content);
        const rename = ["-Q", `-RNFR ${name}.t`, "-Q", `-RNTO ${name}`];
        const url = `ftp://127.0.0.1:${ports.ftp}/${name}.t`;
        return program("curl", "-sS", "--user", "anonymous:s3cret", "-T", path, url, ...rename);
      },
    },
    {
      name: "SFTP",
      refusal: /Failure|Read-only|write remote|dest open/i,
      send: (name, content) => {
        const path = join(staged, `sftp-${name}`);
        writeFileSync(path, content);
        writeFileSync(`${path}.batch`, `put ${path} one.t\nrename one.t ${name}\n`);
        const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes"];
        const words = [...options, "LogLevel=ERROR"].flatMap((option) => ["-o", option]);
        const key = ["-i", join(home, "sender"), "-P", String(ports.sftp)];
        return program("sftp", "-b", `${path}.batch`, ...words, ...key, "radar@127.0.0.1");
      },
    },
  ];
}

/** Keys of the SFTP server and of its sender, and the password of FTP. */
export function makeSecrets(appliance: Appliance): void {
  appliance.write("mfdata/config/ftp/passwords", "s3cret\n", 0o600);
  appliance.write("staged/none", "");
  const authorized = appliance.write("mfdata/config/sftp/authorized_keys", "", 0o600);
  for (const path of [join(appliance.home, "mfdata/config/sftp/host_key"), join(appliance.home, "sender")])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  execFileSync("cp", [join(appliance.home, "sender.pub"), authorized]);
}

interface Asked {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

function said({ status, body }: Answer): string {
  return `${status} ${body.trim()}`;
}

function ask({ port, method, path, headers = {}, body }: Asked): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ status: 0, location: "", body: error.message });
    const length = { "content-length": String(body?.length ?? 0) };
    const options = { host: "127.0.0.1", port, method, path, headers: { ...length, ...headers }, agent: false };
    const asked = request(options, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      reply.on("error", failed);
      reply.on("end", () =>
        resolve({ status: reply.statusCode ?? 0, location: reply.headers.location ?? "", body: text }),
      );
    });
    asked.on("error", failed);
    asked.end(body);
  });
}

async function program(...argv: readonly [string, ...string[]]): Promise<string | undefined> {
  const { code, stdout, stderr } = await run(argv, { cwd: "/", env: process.env, timeoutMs: PROGRAM_MS });
  return code === 0 ? undefined : `${stderr}${stdout}`.trim() || `it ended with ${code}`;
}
