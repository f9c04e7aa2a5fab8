import type { Diagnostic } from "../../base/diagnostic.ts";
import { flagOf, numberOf, textOf } from "../../config/access.ts";
import type { PlanInput } from "../input.ts";
import { layoutOf } from "../layout.ts";
import { assemble, type Piece, piece } from "../piece.ts";
import { plainWord } from "../quote/texts.ts";
import { type Render, renderer } from "../render.ts";
import type { Readiness, ServiceSpec } from "../types.ts";
import { ownService } from "./own.ts";

/** A server that senders put files with. */
type Server = "ftp" | "sftp";

/** Its account in the box; outside it is the module's user. */
const UID = 1000;
const READY_MS = 20_000;
const PACKAGES = { ftp: "vsftpd", sftp: "openssh-server" } as const;
const CONFIGS = { ftp: "vsftpd.conf", sftp: "sshd_config" } as const;

/** vsftpd and OpenSSH, each in a box where it sees the system's programs, its own secrets and one directory. */
export function planDrops(input: PlanInput): Piece {
  const servers = (["ftp", "sftp"] as const).filter((server) => flagOf(input.config, `${server}.flag`));
  return assemble(servers.map((server) => planDrop(server, input)));
}

function planDrop(server: Server, input: PlanInput): Piece {
  const { bubblewrap, vsftpd, sshd } = input.programs;
  const program = server === "ftp" ? vsftpd : sshd;
  if (bubblewrap === undefined || program === undefined) return piece({ notes: [missing(server, input)] });
  const { config, paths } = input;
  const layout = layoutOf(paths);
  const name = CONFIGS[server];
  const accounts = `${server}_accounts`;
  const secrets = `${layout.config}/${server}`;
  const drop = `${textOf(config, "data_in.dir")}/${textOf(config, `${server}.directory`)}`;
  const shown = {
    [`/config/${name}`]: `${layout.configAuto}/${name}`,
    "/etc/passwd": `${layout.configAuto}/${accounts}`,
    "/secrets": secrets,
  };
  const options = server === "ftp" ? [`/config/${name}`] : ["-D", "-e", "-f", `/config/${name}`];
  const service: ServiceSpec = {
    ...ownService(server, input),
    argv: [bubblewrap, ...box(shown, drop), program, ...options],
    ready: readiness(server, input),
    namespaces: true,
    reads: [name, accounts],
  };
  const render = renderer(input.templates, plainWord);
  return piece({
    services: [service],
    files: [
      [name, { text: server === "ftp" ? ftpConfig(render, input) : sftpConfig(render, input), mode: 0o600 }],
      [accounts, { text: account(server === "ftp" ? "ftp" : textOf(config, "sftp.user")), mode: 0o640 }],
    ],
    directories: [
      { path: secrets, mode: 0o700 },
      { path: drop, mode: 0o770 },
    ],
  });
}

/** The arguments of bwrap(1). `shown` can be read, by its path inside; nothing but `/drop` can be written. */
function box(shown: Readonly<Record<string, string>>, drop: string): readonly string[] {
  const links = ["bin", "lib", "lib64", "sbin"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]);
  const system = ["/etc/ssl", "/etc/pki", "/etc/crypto-policies", "/etc/ld.so.cache", "/etc/localtime"];
  return [
    ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"],
    ...["--uid", String(UID), "--gid", String(UID), "--dev", "/dev", "--dir", "/run", "--dir", "/empty"],
    ...["--ro-bind", "/usr", "/usr", ...links],
    ...system.flatMap((path) => ["--ro-bind-try", path, path]),
    ...Object.entries(shown).flatMap(([inside, path]) => ["--ro-bind", path, inside]),
    ...["--bind", drop, "/drop", "--remount-ro", "/dev", "--remount-ro", "/", "--"],
  ];
}

/** A passwd(5) of one account. */
function account(name: string): string {
  return `${name}:x:${UID}:${UID}::/drop:/usr/sbin/nologin\n`;
}

function ftpConfig(render: Render, { config, named, paths }: PlanInput): string {
  const address = textOf(config, "ftp.address");
  return render("mfdata/vsftpd.conf.hbs", {
    address,
    ipv6: address.includes(":"),
    port: numberOf(config, "ftp.port"),
    passiveMinPort: numberOf(config, "ftp.passive_min_port"),
    passiveMaxPort: numberOf(config, "ftp.passive_max_port"),
    tls: flagOf(config, "ftp.tls"),
    certificate: named?.get(layoutOf(paths).ftpCertificate),
  });
}

function sftpConfig(render: Render, { config }: PlanInput): string {
  return render("mfdata/sshd_config.hbs", {
    address: textOf(config, "sftp.address"),
    port: numberOf(config, "sftp.port"),
    user: textOf(config, "sftp.user"),
  });
}

/** A port can be asked only where this machine itself is listened to. */
function readiness(server: Server, { config }: PlanInput): Readiness {
  const local = ["0.0.0.0", "::", "127.0.0.1", "localhost"].includes(textOf(config, `${server}.address`));
  return local ? { when: "port", port: numberOf(config, `${server}.port`), timeoutMs: READY_MS } : { when: "started" };
}

function missing(server: Server, { config }: PlanInput): Diagnostic {
  const at = config.values.get(`${server}.flag`)?.at;
  return {
    code: "MF4025",
    severity: "warning",
    message: `files cannot come over ${server.toUpperCase()}: ${PACKAGES[server]} or bubblewrap is not installed`,
    ...(at && { at }),
    fix: `install the packages ${PACKAGES[server]} and bubblewrap, or set [${server}] flag = 0`,
  };
}
