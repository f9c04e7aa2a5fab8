import type { NetworkProgram } from "../../core/flow/network/programs.ts";
import type { Settings } from "../../core/flow/network/settings.ts";
import type { Destination } from "./session.ts";

/** Loads the library of one protocol only: they are large. */
export async function destinationOf(name: NetworkProgram["name"], settings: Settings): Promise<Destination> {
  switch (name) {
    case "ftpsend":
      return (await import("./ftp.ts")).ftpDestination(settings);
    case "sftpsend":
      return (await import("./sftp.ts")).sftpDestination(settings);
    case "httpsend":
      return (await import("./http.ts")).httpDestination(settings);
    default:
      throw new Error(`${name} sends nothing`);
  }
}
