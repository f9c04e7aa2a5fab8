import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "../ports.ts";
import { boxed, Daemon } from "./daemon.ts";

export interface SshServer extends Daemon {
  readonly user: string;
  /** A private key it lets in. */
  readonly key: string;
  /** Another, which is encrypted. */
  readonly lockedKey: string;
  readonly passphrase: string;
  /** Of the user, at this server. */
  readonly password: string;
  /** A file of known hosts that knows it. */
  readonly knownHosts: string;
}

const PASSPHRASE = "let me in";
const PASSWORD = "s3cret";
/** That password as crypt(5) has it. */
const HASH = "$6$metwork$YBT3PWAd0MBvlJeeh37mkPRQvyJ1hCJnk9zqJHbvBkka7cuYFEF18wK3nPsRioS/ZGesZWiaWII5Rx0imLoG3.";

/** OpenSSH's server as whoever runs the tests, for that user, with a key or a password that holds here only. */
export async function sshd(directory: string): Promise<SshServer> {
  const home = join(directory, "ssh");
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const user = userInfo().username;
  for (const [name, kind, passphrase] of [
    ["host", "ed25519", ""],
    ["host_ecdsa", "ecdsa", ""],
    ["user", "ed25519", ""],
    ["locked", "rsa", PASSPHRASE],
  ] as const) {
    execFileSync("ssh-keygen", ["-q", "-t", kind, "-N", passphrase, "-f", join(home, name)]);
  }
  writeFileSync(join(home, "shadow"), `${user}:${HASH}:19000:0:99999:7:::\n`, { mode: 0o600 });
  const settings = {
    Port: port,
    ListenAddress: "127.0.0.1",
    HostKey: join(home, "host"),
    AuthorizedKeysFile: `${join(home, "user.pub")} ${join(home, "locked.pub")}`,
    PidFile: "none",
    UsePAM: "no",
    StrictModes: "no",
    PasswordAuthentication: "yes",
    PermitRootLogin: "yes",
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
    "--ro-bind",
    join(home, "shadow"),
    "/etc/shadow",
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
  const keys = { key: join(home, "user"), lockedKey: join(home, "locked"), passphrase: PASSPHRASE };
  return Object.assign(daemon, { user, ...keys, password: PASSWORD, knownHosts });
}
