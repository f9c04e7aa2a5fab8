import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../ports.ts";
import type { Certificates } from "./certificates.ts";
import { Daemon } from "./daemon.ts";

export interface WebServer extends Daemon {
  /** Where its root directory is: what is put to `/basic/name` is `basic/name` there. */
  readonly files: string;
}

/**
 * nginx over TLS, which takes files with PUT: in `/basic/` of `radar` with the password `s3cret`, in `/bearer/` with the
 * token `t0ken`, in `/certified/` of whoever shows a certificate.
 */
export async function nginx(directory: string, pem: Certificates): Promise<WebServer> {
  const home = join(directory, "nginx");
  const files = join(home, "files");
  for (const name of ["basic", "bearer", "certified"]) mkdirSync(join(files, name), { recursive: true });
  const port = await freePort();
  writeFileSync(join(home, "passwords"), "radar:{PLAIN}s3cret\n");
  const config = join(home, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(home, `tmp-${name}`)};`,
  );
  const text = `
    daemon off;
    master_process off;
    pid ${join(home, "pid")};
    error_log stderr;
    events {}
    http {
      access_log off;
      ${paths.join("\n")}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${pem.server};
        ssl_certificate_key ${pem.serverKey};
        ssl_client_certificate ${pem.authority};
        ssl_verify_client optional;
        root ${files};
        dav_methods PUT;
        location /basic/ { auth_basic files; auth_basic_user_file ${join(home, "passwords")}; }
        location /bearer/ { if ($http_authorization != "Bearer t0ken") { return 401; } }
        location /certified/ { if ($ssl_client_verify != SUCCESS) { return 403; } }
      }
    }`;
  writeFileSync(config, text);
  return Object.assign(new Daemon(port, ["nginx", "-p", home, "-e", "stderr", "-c", config]), { files });
}
