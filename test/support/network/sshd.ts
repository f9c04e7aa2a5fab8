import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { boxed, Daemon, freePort } from "./daemon.ts";

export interface SshServer extends Daemon {
  readonly user: string;
  /** A private key it lets in. */
  readonly key: string;
  /** A file of known hosts that knows it. */
  readonly knownHosts: string;
}

/** OpenSSH's server as whoever runs the tests, for that user, with a key. */
export async function sshd(directory: string): Promise<SshServer> {
  const home = join(directory, "ssh");
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const user = userInfo().username;
  for (const [name, kind] of [
    ["host", "ed25519"],
    ["host_ecdsa", "ecdsa"],
    ["user", "ed25519"],
  ] as const) {
    execFileSync("ssh-keygen", ["-q", "-t", kind, "-N", "", "-f", join(home, name)]);
  }
  const settings = {
    Port: port,
    ListenAddress: "127.0.0.1",
    HostKey: join(home, "host"),
    AuthorizedKeysFile: join(home, "user.pub"),
    PidFile: "none",
    UsePAM: "no",
    StrictModes: "no",
    PasswordAuthentication: "no",
    Subsystem: "sftp internal-sftp",
  };
  const config = join(home, "sshd_config");
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
  writeFileSync(config, `${lines.join("")}HostKey ${join(home, "host_ecdsa")}\n`);
  const knownHosts = join(home, "known_hosts");
  // The key a client would not ask for first.
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${readFileSync(join(home, "host_ecdsa.pub"), "utf8")}`);
  const daemon = new Daemon(port, [
    ...boxed("/run"),
    "sh",
    "-c",
    'mkdir /run/sshd && exec "$@"',
    "sh",
    "/usr/sbin/sshd",
    "-D",
    "-e",
    "-f",
    config,
  ]);
  return Object.assign(daemon, { user, key: join(home, "user"), knownHosts });
}
