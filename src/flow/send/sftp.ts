import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { posix } from "node:path";
import ssh2, { type Client, type ConnectConfig, type ServerHostKeyAlgorithm, type SFTPWrapper } from "ssh2";
import { judgeHostKey, type KnownHost, knownHost } from "../../core/flow/network/known-hosts.ts";
import type { Settings } from "../../core/flow/network/settings.ts";
import { codeOf } from "../errors.ts";
import { remoteNames } from "./name.ts";
import { checkSize, type Destination, parentsOf, type Session } from "./session.ts";

/** SSH_FX_NO_SUCH_FILE of the protocol's drafts. */
const NO_SUCH_FILE = 2;
const RSA: readonly ServerHostKeyAlgorithm[] = ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  ...RSA,
];

type Callback<T> = (error: Error | null | undefined, value: T) => void;

/** Files over SFTP. */
export function sftpDestination(settings: Settings): Destination {
  const [host, port, directory] = [
    settings.text("sftp_hostname"),
    settings.number("sftp_port"),
    settings.text("sftp_directory"),
  ];
  return {
    where: `sftp://${host}:${port}/${directory}`,
    lifetimeMs: settings.number("sftp_session_lifetime") * 1000,
    sessions: settings.number("sftp_sessions"),
    name: remoteNames(settings.text("sftp_basename")),
    open: () => open(settings),
  };
}

async function open(settings: Settings): Promise<Session> {
  const client = new ssh2.Client();
  try {
    const refusal = await connect(client, settings);
    if (refusal !== undefined) throw new Error(refusal);
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
      client.sftp((error, channel) => (error ? reject(error) : resolve(channel))),
    );
    return new SftpSession(client, sftp, settings);
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** Returns why the server was refused, if it was. */
function connect(client: Client, settings: Settings): Promise<string | undefined> {
  const host = settings.text("sftp_hostname");
  const known = knownHost(knownHostsTexts(settings), host, settings.number("sftp_port"));
  let refusal: string | undefined;
  const judge = (key: Buffer): boolean => {
    const verdict = judgeHostKey(known, key.toString("base64"), unknownHosts(settings));
    if (verdict !== "known") refusal = `the server ${host} is refused: ${verdict}`;
    return verdict === "known";
  };
  return new Promise((resolve, reject) => {
    client.on("ready", () => {
      // A file is some small requests, each of which would wait 40 ms for the one before to be acknowledged.
      client.setNoDelay(true);
      resolve(undefined);
    });
    client.on("error", (error) => (refusal === undefined ? reject(error) : resolve(refusal)));
    client.on("close", () => reject(new Error("the server closed the connection")));
    client.connect({ ...login(settings), host, hostVerifier: judge, algorithms: algorithms(settings, known) });
  });
}

function unknownHosts(settings: Settings): "refuse" | "accept" {
  return settings.text("sftp_unknown_hosts") === "accept" ? "accept" : "refuse";
}

function login(settings: Settings): ConnectConfig {
  const keyFile = settings.text("sftp_key_file");
  const passphrase = settings.text("sftp_key_file_passphrase");
  return {
    port: settings.number("sftp_port"),
    username: settings.text("sftp_username"),
    readyTimeout: settings.number("sftp_connect_timeout") * 1000,
    keepaliveInterval: settings.number("sftp_timeout") * 1000,
    keepaliveCountMax: 1,
    ...(keyFile === ""
      ? { password: settings.text("sftp_password") }
      : { privateKey: readFileSync(keyFile), ...(passphrase !== "" && { passphrase }) }),
  };
}

/** Without the disabled ones, and with host keys of a known kind first: a server shows only one of its keys. */
function algorithms(settings: Settings, known: KnownHost): NonNullable<ConnectConfig["algorithms"]> {
  const disabled = settings.text("sftp_key_disabled_algorithms").split(",");
  const remove = disabled.map((name) => name.trim()) as never[];
  const kinds = known.kinds.flatMap((kind): readonly string[] => (kind === "ssh-rsa" ? RSA : [kind]));
  const wanted = HOST_KEYS.filter((kind) => !remove.includes(kind as never));
  const others = { append: [], prepend: [], remove };
  return {
    kex: others,
    cipher: others,
    hmac: others,
    serverHostKey: [
      ...wanted.filter((kind) => kinds.includes(kind)),
      ...wanted.filter((kind) => !kinds.includes(kind)),
    ],
  };
}

function knownHostsTexts(settings: Settings): readonly string[] {
  const named = settings.text("sftp_known_hosts_file");
  if (named !== "") return [readFileSync(named, "utf8")];
  return [posix.join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"].map(readOrNothing);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}

class SftpSession implements Session {
  readonly #client: Client;
  readonly #sftp: SFTPWrapper;
  readonly #directory: string;
  readonly #suffix: string;
  readonly #timeoutMs: number;
  #isOver = false;

  constructor(client: Client, sftp: SFTPWrapper, settings: Settings) {
    this.#client = client;
    this.#sftp = sftp;
    this.#directory = settings.text("sftp_directory");
    this.#suffix = settings.text("tmp_suffix");
    this.#timeoutMs = settings.number("sftp_timeout") * 1000;
    // What happens to it between two files shows with the next one.
    client.on("error", () => undefined);
    // A request of one that is over is never answered.
    const over = (): void => {
      this.#isOver = true;
    };
    client.on("close", over);
    sftp.on("close", over);
  }

  async put(path: string, name: string, size: number): Promise<void> {
    const target = posix.join(this.#directory, name);
    const temporary = target + this.#suffix;
    await this.#upload(path, temporary, parentsOf(name));
    const { size: found } = await this.#ask<{ size: number }>((done) => this.#sftp.stat(temporary, done));
    checkSize(temporary, found, size);
    if (temporary !== target) await this.#rename(temporary, target);
  }

  close(): void {
    this.#client.end();
    this.#client.destroy();
  }

  async #upload(path: string, name: string, parents: readonly string[]): Promise<void> {
    try {
      await this.#write(path, name);
    } catch (error) {
      if ((error as { code?: unknown }).code !== NO_SUCH_FILE || parents.length === 0) throw error;
      // One that is there already cannot be made, and is as good.
      for (const parent of parents)
        await this.#makeDirectory(posix.join(this.#directory, parent)).catch(() => undefined);
      await this.#write(path, name);
    }
  }

  #makeDirectory(path: string): Promise<void> {
    return this.#ask((done) => this.#sftp.mkdir(path, (error) => done(error, undefined)));
  }

  #write(path: string, name: string): Promise<void> {
    return this.#ask<void>((done, alive) =>
      this.#sftp.fastPut(path, name, { step: alive }, (error) => done(error, undefined)),
    );
  }

  /** The rename of OpenSSH replaces a file of that name; that of the protocol does not. */
  async #rename(from: string, to: string): Promise<void> {
    const rename = (): Promise<void> =>
      this.#ask((done) => this.#sftp.rename(from, to, (error) => done(error, undefined)));
    try {
      await this.#ask<void>((done) => this.#sftp.ext_openssh_rename(from, to, (error) => done(error, undefined)));
    } catch {
      await rename().catch(async () => {
        await this.#ask<void>((done) => this.#sftp.unlink(to, (error) => done(error, undefined)));
        await rename();
      });
    }
  }

  /** One request, which fails when the server is silent or gone; `alive` says that it is not. */
  #ask<T>(request: (done: Callback<T>, alive: () => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) throw new Error("the connection ended");
      const late = (): void => end(() => reject(new Error(`the server was silent for ${this.#timeoutMs / 1000} s`)));
      let timer = setTimeout(late, this.#timeoutMs);
      const gone = (): void => end(() => reject(new Error("the connection ended")));
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#client.off("close", gone);
        settle();
      };
      const alive = (): void => {
        clearTimeout(timer);
        timer = setTimeout(late, this.#timeoutMs);
      };
      this.#client.once("close", gone);
      try {
        request((error, value) => end(() => (error ? reject(error) : resolve(value))), alive);
      } catch (error) {
        end(() => reject(error));
      }
    });
  }
}
