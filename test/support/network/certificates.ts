import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "../certificate.ts";

/** Paths of PEM files. */
export interface Certificates {
  /** The authority of the server and of the client. */
  readonly authority: string;
  /** One that signed nothing. */
  readonly stranger: string;
  readonly server: string;
  readonly serverKey: string;
  /** The server's certificate and key in one. */
  readonly both: string;
  /** Of `radar`. */
  readonly client: string;
  readonly clientKey: string;
}

export function makeCertificates(directory: string): Certificates {
  const authority = new Authority("authority");
  const [server, client] = [authority.issue("localhost"), authority.issue("radar")];
  const write = (name: string, ...texts: readonly string[]): string => {
    const path = join(directory, `${name}.pem`);
    writeFileSync(path, texts.join(""));
    return path;
  };
  return {
    authority: write("authority", authority.certificate),
    stranger: write("stranger", new Authority("stranger").certificate),
    server: write("server", server.certificate),
    serverKey: write("server-key", server.key),
    both: write("server-both", server.certificate, server.key),
    client: write("client", client.certificate),
    clientKey: write("client-key", client.key),
  };
}
