import { createSocket, type Socket } from "node:dgram";
import type { LogCopies, LogLevel } from "../../core/flow/types.ts";
import { LogFile } from "../../kit/log-file.ts";
import { RANK } from "./log.ts";

/** As syslog has it: of a user's program, a warning. */
const PRIORITY = "<12>";

/** Sends what is said once more, as JSON: to a file and to the log server of the machine, those as grave as each asks for. */
export class JsonCopies {
  readonly #pid: number;
  #asked: LogCopies | undefined;
  #file: LogFile | undefined;
  #socket: Socket | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** From now on; undefined: nowhere. */
  adopt(asked: LogCopies | undefined): void {
    this.#asked = asked;
    const path = asked?.file?.path;
    if (path !== this.#file?.path) {
      void this.#file?.close();
      // Neither rotated nor bounded here: the programs of plugins write it, too, and its reader takes it away.
      const policy = { maxBytes: 0, maxAgeS: 0, maxBytesPerMinute: 0, keep: 0, mode: asked?.file?.mode ?? 0o640 };
      this.#file = path === undefined ? undefined : new LogFile(path, () => policy);
    }
    if (asked?.server === undefined || this.#socket !== undefined) return;
    this.#socket = createSocket("udp4");
    this.#socket.on("error", () => undefined);
    this.#socket.unref();
  }

  /** `name`: `<plugin>.<step>`, or a part of the daemon. */
  tell(level: LogLevel, name: string, time: string, message: string): void {
    if (this.#asked === undefined) return;
    const { file, server } = this.#asked;
    const toFile = file !== undefined && RANK[level] >= RANK[file.level];
    const toServer = server !== undefined && RANK[level] >= RANK[server.level];
    if (!toFile && !toServer) return;
    const [plugin, step] = name.split(".");
    const record = {
      timestamp: time,
      level: level.toLowerCase(),
      name: `mfdata.${name}`,
      pid: this.#pid,
      event: message,
      plugin: step === undefined ? "#core#" : plugin,
    };
    const text = JSON.stringify(record);
    if (toFile) this.#file?.write(Buffer.from(`${text}\n`));
    if (toServer) this.#socket?.send(`${PRIORITY}${text}\0`, server.port, "127.0.0.1");
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#file?.close();
  }
}
