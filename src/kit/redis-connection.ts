import { connect, type Socket } from "node:net";
import { encodeCommand, type Reply, readReply } from "./resp.ts";

type Words = readonly (string | number)[];

interface Asked {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const RECONNECT_STEP_MS = 25;
const RECONNECT_MAX_MS = 500;
const READ_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * One connection to a local Redis or Valkey, made again for ever. Commands are answered in the order they were sent;
 * nothing is queued while it is away. A client of our own: a file costs two messages, and ioredis took 2 to 2.5 times as
 * long for each, 190 ms at the start and 8 MB.
 */
export class RedisConnection {
  readonly #path: string;
  readonly #timeoutMs: number | undefined;
  readonly #onChange: () => void;
  readonly #asked: Asked[] = [];
  /** Index of the first of `#asked` without an answer. */
  #answered = 0;
  #socket: Socket | undefined;
  /** What comes is read into it and understood at once: a buffer for each answer would live until all memory is looked through. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** Of an answer that is not there whole. */
  #received: Buffer = NOTHING;
  #up = false;
  #attempts = 0;
  #retry: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #closed = false;

  /** `timeoutMs`: a server that answers nothing for so long counts as away; undefined: commands may wait for ever. */
  constructor(path: string, timeoutMs: number | undefined, onChange: () => void) {
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#onChange = onChange;
    this.#connect();
  }

  /** Connected, and it answered. */
  get up(): boolean {
    return this.#up;
  }

  /** Sends a command. Fails when the connection does, and with the server's error. */
  async ask(...words: Words): Promise<Reply> {
    if (!this.#up) throw new Error("redis is away");
    const reply = await this.#send(words);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  /** Sends commands together; their errors are among the replies. */
  async askAll(commands: readonly Words[]): Promise<readonly Reply[]> {
    if (!this.#up) throw new Error("redis is away");
    this.#socket?.cork();
    const replies = commands.map((words) => this.#send(words));
    this.#socket?.uncork();
    return Promise.all(replies);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #connect(): void {
    const callback = (length: number): boolean => {
      this.#hear(this.#buffer.subarray(0, length));
      return true;
    };
    const socket = connect({ path: this.#path, onread: { buffer: this.#buffer, callback } });
    this.#socket = socket;
    this.#received = NOTHING;
    socket.on("error", () => socket.destroy());
    socket.on("connect", () => this.#greet());
    socket.on("close", () => this.#lost());
    this.#expect();
  }

  /** A server that has just started may still be reading its data. */
  #greet(): void {
    this.#send(["PING"]).then(
      (reply) => {
        if (reply === "PONG") this.#change(true);
        else this.#socket?.destroy();
      },
      () => undefined,
    );
  }

  #send(words: Words): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#socket?.write(encodeCommand(words));
      if (this.#watchdog === undefined) this.#expect();
    });
  }

  #hear(chunk: Buffer): void {
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let at = 0;
    try {
      for (let parsed = readReply(bytes, at); parsed !== undefined; parsed = readReply(bytes, at)) {
        at = parsed.end;
        this.#answer(parsed.reply);
        if (at === bytes.length) break;
      }
    } catch {
      this.#socket?.destroy();
      return;
    }
    this.#received = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    if (this.#asked.length > 0) this.#expect();
  }

  #answer(reply: Reply): void {
    this.#asked[this.#answered]?.resolve(reply);
    this.#answered += 1;
    if (this.#answered < this.#asked.length) return;
    this.#asked.length = 0;
    this.#answered = 0;
  }

  /** Something must come, or the connection is given up. */
  #expect(): void {
    if (this.#timeoutMs === undefined) return;
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#socket?.destroy(), this.#timeoutMs);
  }

  #lost(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    const unanswered = this.#asked.splice(0).slice(this.#answered);
    this.#answered = 0;
    for (const { reject } of unanswered) reject(new Error("the connection to redis ended"));
    this.#change(false);
    if (this.#closed) return;
    this.#attempts += 1;
    this.#retry = setTimeout(() => this.#connect(), Math.min(RECONNECT_STEP_MS * this.#attempts, RECONNECT_MAX_MS));
  }

  #change(up: boolean): void {
    if (up) this.#attempts = 0;
    if (up === this.#up) return;
    this.#up = up;
    this.#onChange();
  }
}
