import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { IPublishPacket, ISubackPacket, Packet } from "mqtt-packet";
import type { Settings } from "../../core/flow/network/settings.ts";
import { messageOf } from "../errors.ts";
import { tlsSettings } from "../tls.ts";
import { Completed } from "./completed.ts";
import { Intake } from "./intake.ts";
import { type Listener, type Listening, STOP_MS, untilStopped } from "./listener.ts";
import { type MqttBroker, MqttConnection } from "./mqtt-connection.ts";
import { BackOff } from "./patience.ts";
import { listenerTags, type Saving } from "./store.ts";

/** Messages in hand at which no more is read: a broker that sends without asking is slowed by the line. */
const IN_HAND = 256;
/** Messages with a QoS above 0 an MQTT 5 broker sends before the first of them is acknowledged. */
const RECEIVE_MAXIMUM = 200;
const SUBSCRIPTION = 1;

/** Makes a file of each message, several at once, and acknowledges each in its turn when its file is safe. */
export function listenMqtt(listening: Listening): Listener {
  return untilStopped((stopping) => keepConnected(listening, stopping));
}

async function keepConnected(listening: Listening, stopping: AbortSignal): Promise<void> {
  const { settings, log } = listening;
  const intake = new Intake({ durable: settings.number("mqtt_qos") > 0, patient: true, log });
  const completed = new Completed();
  const backOff = new BackOff();
  while (!stopping.aborted) {
    try {
      await new Reception(listening, intake, completed, () => backOff.reset()).run(stopping);
    } catch (error) {
      if (!stopping.aborted) log.error(`the broker: ${messageOf(error)}`);
    }
    if (stopping.aborted) return;
    const wait = backOff.next();
    log.warning(`not connected; trying again in ${wait / 1000} s`);
    await delay(wait, undefined, { signal: stopping }).catch(() => undefined);
  }
}

/** What comes over one connection. A message of a former one comes again, unless its session was lost with it. */
class Reception {
  readonly #listening: Listening;
  readonly #intake: Intake;
  readonly #completed: Completed;
  readonly #onReady: () => void;
  #connection: MqttConnection | undefined;
  #isLeaving = false;
  #isAsking = false;

  constructor(listening: Listening, intake: Intake, completed: Completed, onReady: () => void) {
    this.#listening = listening;
    this.#intake = intake;
    this.#completed = completed;
    this.#onReady = onReady;
  }

  /** Resolves when it was told to stop; rejects when the connection is lost. */
  async run(stopping: AbortSignal): Promise<void> {
    const { settings, store, log } = this.#listening;
    const broker = brokerOf(settings);
    const { connection, sessionPresent } = await MqttConnection.open(broker, stopping);
    this.#connection = connection;
    const stop = (): void => void this.#stop(connection);
    stopping.addEventListener("abort", stop);
    try {
      this.#onReady();
      log.info(`connected to ${broker.host}:${broker.port}`);
      // The broker will not ask for them any more.
      if (!sessionPresent) this.#intake.take(store.releasingAll(), always, () => undefined);
      this.#completed.begin(sessionPresent);
      connection.receive((packet) => this.#on(packet));
      const [topic, qos] = [settings.text("mqtt_topic"), settings.number("mqtt_qos") as 0 | 1 | 2];
      connection.send({ cmd: "subscribe", messageId: SUBSCRIPTION, subscriptions: [{ topic, qos }] });
      await connection.over;
    } finally {
      this.#connection = undefined;
      stopping.removeEventListener("abort", stop);
    }
  }

  /** What is in hand is finished first, unless it takes too long: then it comes again. */
  async #stop(connection: MqttConnection): Promise<void> {
    this.#isLeaving = true;
    this.#readOrNot();
    await Promise.race([this.#intake.idle(), delay(STOP_MS)]);
    connection.send({ cmd: "disconnect", reasonCode: 0 });
    connection.end();
  }

  #on(packet: Packet): void {
    const { store, log } = this.#listening;
    if (packet.cmd === "publish") this.#onMessage(packet);
    else if (packet.cmd === "pubrel") {
      const { messageId = 0 } = packet;
      this.#take(store.releasing(String(messageId)), 2, () => {
        this.#completed.add(messageId);
        this.#connection?.send({ cmd: "pubcomp", messageId, reasonCode: 0 });
        this.#askWhetherKnown();
        log.info(`message published (QoS 2, ${messageId})`);
      });
    } else if (packet.cmd === "suback") this.#onSubscribed(packet);
    else if (packet.cmd === "disconnect") {
      this.#connection?.fail(new Error(`it ends the connection: code ${packet.reasonCode ?? 0}`));
    }
  }

  #onMessage({ qos, messageId = 0, dup, topic, payload }: IPublishPacket): void {
    const { settings, store, plugin, log } = this.#listening;
    const content = typeof payload === "string" ? Buffer.from(payload) : payload;
    const tags = listenerTags(plugin, {
      mqttlistener_topic: topic,
      mqttlistener_hostname: settings.text("mqtt_hostname"),
      mqttlistener_port: String(settings.number("mqtt_port")),
    });
    const isKnown = qos === 2 && this.#completed.knows(messageId, dup, topic, content);
    const held = (): Saving => store.holding(String(messageId), content, tags);
    const saving = isKnown ? NOTHING : qos === 2 ? held() : store.saving(content, tags);
    this.#take(saving, qos, () => {
      if (qos > 0) {
        this.#connection?.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId, reasonCode: 0 });
      }
      log.info(`message received${isKnown ? " again" : ""} on ${topic} (size: ${content.length})`);
    });
  }

  #take(saving: Saving, qos: number, stored: () => void): void {
    const comesNoMore = this.#listening.settings.flag("mqtt_clean_session") || qos === 0;
    const wanted = (): boolean => this.#connection !== undefined || comesNoMore;
    this.#intake.take(saving, wanted, (isStored) => {
      if (isStored) stored();
      this.#readOrNot();
    });
    this.#readOrNot();
  }

  /** The answer to a ping tells that the broker has read what was sent before: asked once for all that end together. */
  #askWhetherKnown(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    setImmediate(() => {
      this.#isAsking = false;
      const ids = this.#completed.unproven();
      this.#connection?.ping(() => this.#completed.prove(ids));
    });
  }

  #readOrNot(): void {
    this.#connection?.read(!this.#isLeaving && this.#intake.waiting < IN_HAND);
  }

  #onSubscribed({ granted }: ISubackPacket): void {
    const { settings, log } = this.#listening;
    const [topic, qos, given] = [settings.text("mqtt_topic"), settings.number("mqtt_qos"), Number(granted[0] ?? 0)];
    if (given > 2) log.error(`the broker refuses the subscription to ${topic}`);
    else if (given < qos) log.error(`the broker grants QoS ${given} only for ${topic}`);
  }
}

/** What is a file already is acknowledged in its turn. */
const NOTHING: Saving = { write: () => [], place: () => [], discard: () => undefined };
const always = (): boolean => true;

function brokerOf(settings: Settings): MqttBroker {
  const name = settings.text("mqtt_username");
  const clean = settings.flag("mqtt_clean_session");
  const isFive = settings.text("mqtt_version") === "5";
  const expiry = clean ? {} : { sessionExpiryInterval: settings.number("mqtt_session_expiry") };
  return {
    host: settings.text("mqtt_hostname"),
    port: settings.number("mqtt_port"),
    tls: settings.flag("mqtt_tls") ? tlsSettings(settings, "mqtt_tls") : undefined,
    hello: {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: isFive ? 5 : 4,
      clientId: settings.text("mqtt_client_id") || randomBytes(10).toString("hex"),
      clean,
      keepalive: settings.number("mqtt_keepalive"),
      ...(isFive && { properties: { receiveMaximum: RECEIVE_MAXIMUM, ...expiry } }),
      ...(name !== "" && { username: name, password: Buffer.from(settings.text("mqtt_password")) }),
    },
  };
}
