import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { generate, type IConnackPacket, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import type { TlsSettings } from "../tls.ts";

const CONNECT_MS = 30_000;
/** Silence that ends a connection, in intervals of keep-alive. */
const SILENCE = 1.5;

export interface MqttBroker {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  readonly hello: IConnectPacket;
}

/** What is said in a CONNACK, in words, by MQTT 3.1.1's return codes and MQTT 5's reason codes. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: "it does not speak this version of MQTT",
  2: "it does not like the client id",
  3: "it is not available",
  4: "bad user name or password",
  5: "not authorised",
  132: "it does not speak this version of MQTT",
  133: "it does not like the client id",
  134: "bad user name or password",
  135: "not authorised",
  136: "it is not available",
  137: "it is busy",
};

/** A connection to a broker: packets as they come, in their order, and the two sides' signs of life. */
export class MqttConnection {
  /** Resolves when it is over; rejects when it was not we who ended it. */
  readonly over: Promise<void>;
  readonly #socket: Socket;
  readonly #version: { readonly protocolVersion: number };
  #onPacket: (packet: Packet) => void;
  /** What came with the answer to our hello, before anybody is told. */
  readonly #early: Packet[] = [];
  /** What to call at the answer to each ping, in their order. */
  readonly #pings: (() => void)[] = [];
  #heardAt = performance.now();
  #ending = false;
  #failure: Error | undefined;

  private constructor(broker: MqttBroker) {
    this.#version = { protocolVersion: broker.hello.protocolVersion ?? 4 };
    const { host, port, tls } = broker;
    const name = isIP(host) === 0 ? { servername: host } : {};
    this.#socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...name, ...tls });
    this.#socket.setNoDelay(true);
    this.#onPacket = (packet) => void this.#early.push(packet);
    const packets = parser(this.#version);
    packets.on("packet", (packet) => {
      if (packet.cmd === "pingresp") this.#pings.shift()?.();
      else this.#onPacket(packet);
    });
    packets.on("error", (error: Error) => this.fail(error));
    this.#socket.on("data", (chunk: Buffer) => {
      this.#heardAt = performance.now();
      try {
        packets.parse(chunk);
      } catch (error) {
        this.fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.#socket.on("error", (error) => {
      this.#failure ??= error;
    });
    this.over = new Promise((resolve, reject) => {
      this.#socket.once("close", () => {
        if (this.#ending) resolve();
        else reject(this.#failure ?? new Error("it closed the connection"));
      });
    });
    this.over.catch(() => undefined);
  }

  /** Resolves when the broker has taken us. Rejects with why it did not. */
  static async open(
    broker: MqttBroker,
    signal: AbortSignal,
  ): Promise<{ readonly connection: MqttConnection; readonly sessionPresent: boolean }> {
    const connection = new MqttConnection(broker);
    const late = setTimeout(() => connection.fail(new Error(`no answer within ${CONNECT_MS / 1000} s`)), CONNECT_MS);
    const giveUp = (): void => connection.fail(new Error("we are told to stop"));
    signal.addEventListener("abort", giveUp);
    try {
      connection.send(broker.hello);
      const answer = await Promise.race([connection.#answer(), connection.#lost()]);
      connection.#keepAlive(answer.properties?.serverKeepAlive ?? broker.hello.keepalive ?? 0);
      return { connection, sessionPresent: answer.sessionPresent };
    } catch (error) {
      connection.#socket.destroy();
      throw error;
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Tells of packets, those that have come already first. */
  receive(onPacket: (packet: Packet) => void): void {
    this.#onPacket = onPacket;
    for (const packet of this.#early.splice(0)) onPacket(packet);
  }

  send(packet: Packet): void {
    if (this.#socket.writable) this.#socket.write(generate(packet, this.#version));
  }

  /** Calls `answered` when the broker has read all that was sent until now. */
  ping(answered: () => void = () => undefined): void {
    this.#pings.push(answered);
    this.send({ cmd: "pingreq" });
  }

  /** Reads on, or not: what is not read fills the broker's side of the line. */
  read(on: boolean): void {
    if (on !== this.#socket.isPaused()) return;
    this.#heardAt = performance.now();
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }

  /** Takes leave; a broker that does not close the line is not waited for. */
  end(): void {
    this.#ending = true;
    this.#socket.destroySoon();
  }

  #answer(): Promise<IConnackPacket> {
    const keep = this.#onPacket;
    return new Promise((resolve, reject) => {
      this.#onPacket = (packet) => {
        this.#onPacket = keep;
        if (packet.cmd !== "connack") return reject(new Error(`it answers with ${packet.cmd}`));
        const code = packet.returnCode ?? packet.reasonCode ?? 0;
        if (code === 0) resolve(packet);
        else reject(new Error(`it refuses us: ${REFUSALS[code] ?? `code ${code}`}`));
      };
    });
  }

  async #lost(): Promise<never> {
    await this.over;
    throw new Error("it is over");
  }

  #keepAlive(seconds: number): void {
    if (seconds === 0) return;
    const timer = setInterval(() => {
      const silence = performance.now() - this.#heardAt;
      if (!this.#socket.isPaused() && silence > seconds * SILENCE * 1000) {
        this.fail(new Error(`it was silent for ${Math.round(silence / 1000)} s`));
      } else {
        this.ping();
      }
    }, seconds * 1000);
    this.#socket.once("close", () => clearInterval(timer));
  }
}
