import { Client, FTPError } from "basic-ftp";
import type { Settings } from "../../core/flow/network/settings.ts";
import { tlsSettings } from "../tls.ts";
import { remoteNames } from "./name.ts";
import { checkSize, type Destination, parentsOf, type Session, within } from "./session.ts";

/** `SIZE` of RFC 3659 is optional; these say that the server has none. */
const NOT_THERE = [500, 502, 504];

/** Files over FTP or FTPS. */
export function ftpDestination(settings: Settings): Destination {
  const [host, port, directory] = [
    settings.text("ftp_hostname"),
    settings.number("ftp_port"),
    settings.text("ftp_directory"),
  ];
  return {
    where: `ftp://${host}:${port}/${directory}`,
    lifetimeMs: settings.number("ftp_session_lifetime") * 1000,
    sessions: settings.number("ftp_sessions"),
    name: remoteNames(settings.text("ftp_basename")),
    open: () => open(settings),
  };
}

async function open(settings: Settings): Promise<Session> {
  const client = new Client(settings.number("ftp_timeout") * 1000);
  const tls = settings.text("ftp_tls");
  const login = async (): Promise<void> => {
    await client.access({
      host: settings.text("ftp_hostname"),
      port: settings.number("ftp_port"),
      user: settings.text("ftp_username"),
      password: settings.text("ftp_password"),
      secure: tls === "implicit" ? "implicit" : tls === "explicit",
      ...(tls !== "none" && { secureOptions: tlsSettings(settings, "ftp_tls") }),
    });
    const directory = settings.text("ftp_directory");
    if (directory !== "." && directory !== "") await client.cd(directory);
  };
  try {
    await within(settings.number("ftp_connect_timeout") * 1000, "connecting", login(), () => client.close());
  } catch (error) {
    client.close();
    throw error;
  }
  return new FtpSession(client, settings.text("tmp_suffix"));
}

class FtpSession implements Session {
  readonly #client: Client;
  readonly #suffix: string;

  constructor(client: Client, suffix: string) {
    this.#client = client;
    this.#suffix = suffix;
  }

  async put(path: string, name: string, size: number): Promise<void> {
    const temporary = name + this.#suffix;
    await this.#upload(path, temporary);
    const found = await this.#sizeOf(temporary);
    if (found !== undefined) checkSize(temporary, found, size);
    if (temporary !== name) await this.#rename(temporary, name);
  }

  close(): void {
    this.#client.close();
  }

  async #upload(path: string, name: string): Promise<void> {
    try {
      await this.#client.uploadFrom(path, name);
    } catch (error) {
      const parents = parentsOf(name);
      if (!(error instanceof FTPError) || parents.length === 0) throw error;
      // One that is there already cannot be made, and is as good.
      for (const parent of parents) await this.#client.sendIgnoringError(`MKD ${parent}`);
      await this.#client.uploadFrom(path, name);
    }
  }

  async #sizeOf(name: string): Promise<number | undefined> {
    try {
      return await this.#client.size(name);
    } catch (error) {
      if (error instanceof FTPError && NOT_THERE.includes(error.code)) return undefined;
      throw error;
    }
  }

  /** Most servers replace a file of that name; some first want it removed. */
  async #rename(from: string, to: string): Promise<void> {
    try {
      await this.#client.rename(from, to);
    } catch (error) {
      if (!(error instanceof FTPError) || (await this.#client.size(to).catch(() => undefined)) === undefined)
        throw error;
      await this.#client.remove(to);
      await this.#client.rename(from, to);
    }
  }
}
