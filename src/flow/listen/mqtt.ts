import { randomBytes } from "node:crypto";
import { type IClientOptions, type IPublishPacket, type MqttClient, connect as mqttConnect } from "mqtt";
import type { Settings } from "../../core/flow/network/settings.ts";
import type { Tags } from "../../core/flow/tags.ts";
import { messageOf } from "../errors.ts";
import { tlsSettings } from "../tls.ts";
import { Inflight } from "./inflight.ts";
import { BackOff, storeAtLast } from "./patience.ts";
import { listenerTags } from "./store.ts";
import type { Listener, Listening } from "./types.ts";

const CONNECT_MS = 30_000;
/** Messages with a QoS above 0 an MQTT 5 broker sends before the first of them is acknowledged. */
const RECEIVE_MAXIMUM = 100;

/**
 * Makes a file of each message. Messages are handled one after the other, and one is acknowledged when its file is safe:
 * while it is not, no other is read, which is how the broker hears that we have enough.
 */
export function listenMqtt({ settings, store, plugin, log }: Listening): Listener {
  const place = {
    mqttlistener_hostname: settings.text("mqtt_hostname"),
    mqttlistener_port: `${settings.number("mqtt_port")}`,
  };
  const tagsOf = (topic: string): Tags => listenerTags(plugin, { mqttlistener_topic: topic, ...place });
  const clean = settings.flag("mqtt_clean_session");
  /** Counts connections: a message of a former one comes again, unless its session was lost with it. */
  let connection = 0;
  const keep = async (save: () => void, qos: number): Promise<boolean> => {
    const of = connection;
    const stored = await storeAtLast(save, () => of === connection || clean || qos === 0, log);
    return stored && of === connection;
  };
  const inflight = new Inflight(store, tagsOf, (save) => keep(save, 2));
  const backOff = new BackOff();
  const client = mqttConnect(brokerOptions(settings, inflight, backOff.next()));

  client.handleMessage = (packet, done) => {
    const { qos, messageId = 0, topic, payload } = packet as IPublishPacket;
    const save = (): void => {
      if (qos === 2) inflight.publish(messageId);
      else store.save(bytesOf(payload), tagsOf(topic));
      log.info(`message received on ${topic || `(QoS 2, ${messageId})`} (size: ${payload.length})`);
    };
    void keep(save, qos).then((toAcknowledge) => toAcknowledge && done());
  };
  client.on("connect", ({ sessionPresent }) => {
    backOff.reset();
    log.info(`connected to ${settings.text("mqtt_hostname")}:${settings.number("mqtt_port")}`);
    if (!sessionPresent) inflight.publishAll();
    subscribe(client, settings, log.error);
  });
  client.on("close", () => {
    connection += 1;
    client.options.reconnectPeriod = backOff.next();
    if (!client.disconnecting) log.warning(`not connected; trying again in ${client.options.reconnectPeriod / 1000} s`);
  });
  client.on("error", (error) => log.error(`the broker: ${messageOf(error)}`));
  return { stop: () => client.endAsync(false) };
}

function subscribe(client: MqttClient, settings: Settings, complain: (message: string) => void): void {
  const [topic, qos] = [settings.text("mqtt_topic"), settings.number("mqtt_qos") as 0 | 1 | 2];
  client.subscribe(topic, { qos }, (error, granted = []) => {
    const given = granted[0]?.qos ?? qos;
    if (error) complain(`${topic} cannot be subscribed to: ${messageOf(error)}`);
    else if (given > 2) complain(`the broker refuses the subscription to ${topic}`);
    else if (given < qos) complain(`the broker grants QoS ${given} only for ${topic}`);
  });
}

function brokerOptions(settings: Settings, inflight: Inflight, reconnectPeriod: number): IClientOptions {
  const [tls, name] = [settings.flag("mqtt_tls"), settings.text("mqtt_username")];
  const clean = settings.flag("mqtt_clean_session");
  const five = settings.text("mqtt_version") === "5";
  return {
    protocol: tls ? "mqtts" : "mqtt",
    host: settings.text("mqtt_hostname"),
    port: settings.number("mqtt_port"),
    protocolVersion: five ? 5 : 4,
    clientId: settings.text("mqtt_client_id") || randomBytes(10).toString("hex"),
    clean,
    keepalive: settings.number("mqtt_keepalive"),
    connectTimeout: CONNECT_MS,
    reconnectPeriod,
    resubscribe: false,
    incomingStore: inflight,
    ...(five && {
      properties: {
        receiveMaximum: RECEIVE_MAXIMUM,
        ...(!clean && { sessionExpiryInterval: settings.number("mqtt_session_expiry") }),
      },
    }),
    ...(name !== "" && { username: name, password: settings.text("mqtt_password") }),
    ...(tls && tlsSettings(settings, "mqtt_tls")),
  };
}

function bytesOf(payload: string | Buffer): Buffer {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}
