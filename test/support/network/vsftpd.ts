import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../ports.ts";
import { boxed, Daemon } from "./daemon.ts";

export interface FtpServer extends Daemon {
  /** Where its root directory is. */
  readonly files: string;
}

/**
 * vsftpd as whoever runs the tests, for anonymous users, who may write. With a certificate it insists on TLS; with `clients`,
 * an authority, TLS begins with the first byte, and clients must show a certificate of that authority.
 */
export async function vsftpd(directory: string, pem?: string, clients?: string): Promise<FtpServer> {
  const files = join(directory, clients === undefined ? "ftp" : "ftp-implicit");
  mkdirSync(join(files, "data"), { recursive: true });
  const port = await freePort();
  const config = join(directory, `vsftpd-${port}.conf`);
  const settings = {
    listen: "YES",
    listen_address: "127.0.0.1",
    listen_port: port,
    background: "NO",
    run_as_launching_user: "YES",
    anonymous_enable: "YES",
    local_enable: "NO",
    anon_root: files,
    write_enable: "YES",
    anon_upload_enable: "YES",
    anon_mkdir_write_enable: "YES",
    anon_other_write_enable: "YES",
    anon_world_readable_only: "NO",
    seccomp_sandbox: "NO",
    ...(pem !== undefined && {
      ssl_enable: "YES",
      allow_anon_ssl: "YES",
      force_anon_logins_ssl: "YES",
      force_anon_data_ssl: "YES",
      require_ssl_reuse: "YES",
      ssl_ciphers: "HIGH",
      rsa_cert_file: pem,
    }),
    ...(clients !== undefined && {
      implicit_ssl: "YES",
      require_cert: "YES",
      validate_cert: "YES",
      ca_certs_file: clients,
    }),
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  return Object.assign(new Daemon(port, [...boxed(), "vsftpd", config]), { files });
}
