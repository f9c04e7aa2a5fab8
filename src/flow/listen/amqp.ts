import { setTimeout as delay } from "node:timers/promises";
import { type Channel, type ChannelModel, type ConsumeMessage, connect, credentials } from "amqplib";
import type { Settings } from "../../core/flow/network/settings.ts";
import { messageOf } from "../errors.ts";
import { tlsSettings } from "../tls.ts";
import { Intake } from "./intake.ts";
import { type Listener, type Listening, STOP_MS, untilStopped } from "./listener.ts";
import { BackOff } from "./patience.ts";
import { listenerTags } from "./store.ts";

const CONNECT_MS = 30_000;
const HEARTBEAT_S = 30;
/** Messages in hand when the broker may send as many as it likes. */
const IN_HAND = 100;

/** Makes a file of each message of a queue, and acknowledges it when the file is safe. */
export function listenAmqp(listening: Listening): Listener {
  return untilStopped((stopping) => keepConnected(listening, stopping));
}

async function keepConnected({ settings, store, plugin, log }: Listening, stopping: AbortSignal): Promise<void> {
  const backOff = new BackOff();
  const intake = new Intake({ durable: true, patient: !settings.flag("amqp_requeue"), log });
  const where = `${settings.text("amqp_hostname")}:${settings.number("amqp_port")}`;
  while (!stopping.aborted) {
    try {
      const connection = await connect(brokerOptions(settings), socketOptions(settings));
      if (stopping.aborted) {
        await connection.close();
        return;
      }
      log.info(`connected to ${where}`);
      await consume(connection, { settings, store, plugin, log }, intake, stopping, () => backOff.reset());
    } catch (error) {
      if (!stopping.aborted) log.error(`the broker at ${where}: ${messageOf(error)}`);
    }
    await delay(backOff.next(), undefined, { signal: stopping }).catch(() => undefined);
  }
}

/** Resolves when the connection is over. */
async function consume(
  connection: ChannelModel,
  { settings, store, plugin, log }: Listening,
  intake: Intake,
  stopping: AbortSignal,
  onReady: () => void,
): Promise<void> {
  let open = true;
  const over = Promise.withResolvers<void>();
  // Until all is declared nobody waits for it; then what was asked last fails as well.
  over.promise.catch(() => undefined);
  const ended = (): void => {
    open = false;
  };
  connection.on("close", over.resolve).on("error", over.reject).on("close", ended).on("error", ended);
  let opened: Channel | undefined;
  // What is in hand is finished first, unless it takes too long: then it comes again.
  const stop = async (): Promise<void> => {
    await Promise.race([intake.idle(), delay(STOP_MS)]);
    ended();
    // The broker may close a connection before it has read what its channels were told last.
    await opened?.close().catch(() => undefined);
    over.resolve();
  };
  const stopped = (): void => void stop();
  stopping.addEventListener("abort", stopped);
  try {
    const channel = await connection.createChannel();
    opened = channel;
    const lost = new Promise<never>((_, reject) => {
      channel.on("error", reject).on("close", () => reject(new Error("the channel was closed")));
    });
    lost.catch(() => undefined);
    const tagsOf = ({ fields }: ConsumeMessage) =>
      listenerTags(plugin, {
        amqplistener_hostname: settings.text("amqp_hostname"),
        amqplistener_port: String(settings.number("amqp_port")),
        amqplistener_exchange: fields.exchange,
        amqplistener_routing_key: fields.routingKey,
      });
    const take = (message: ConsumeMessage): void => {
      const settle = (stored: boolean): void => {
        // What is not acknowledged by the end of the connection the broker has anyway.
        if (!open || (!stored && stopping.aborted)) return;
        if (stored) channel.ack(message);
        else channel.nack(message, false, true);
        log.info(`message ${stored ? "received" : "given back"} (size: ${message.content.length})`);
      };
      const wanted = (): boolean => open && !stopping.aborted;
      if (wanted()) intake.take(store.saving(message.content, tagsOf(message)), wanted, settle);
    };
    const queue = await declare(channel, settings);
    await channel.prefetch(settings.flag("amqp_auto_ack") ? IN_HAND : settings.number("amqp_prefetch_count"));
    const cancelled = new Promise<never>((_, reject) => {
      const onMessage = (message: ConsumeMessage | null): void => {
        if (message === null) reject(new Error("the queue is gone"));
        else take(message);
      };
      channel.consume(queue, onMessage, { exclusive: settings.flag("amqp_exclusive") }).then(onReady, reject);
    });
    await Promise.race([over.promise, lost, cancelled]);
  } finally {
    ended();
    stopping.removeEventListener("abort", stopped);
    await connection.close().catch(() => undefined);
  }
}

/** Declares, or looks up, the exchange and the queue, and binds them; returns the queue's name. */
async function declare(channel: Channel, settings: Settings): Promise<string> {
  const exchange = settings.text("amqp_exchange_name");
  if (exchange !== "" && settings.flag("amqp_exchange_passive")) await channel.checkExchange(exchange);
  else if (exchange !== "") {
    await channel.assertExchange(exchange, settings.text("amqp_exchange_type"), {
      durable: settings.flag("amqp_exchange_durable"),
      autoDelete: settings.flag("amqp_exchange_auto_delete"),
      internal: settings.flag("amqp_exchange_internal"),
    });
  }
  const name = settings.text("amqp_queue_name");
  const options = {
    durable: settings.flag("amqp_queue_durable"),
    exclusive: settings.flag("amqp_queue_exclusive"),
    autoDelete: settings.flag("amqp_queue_auto_delete"),
  };
  const { queue } = settings.flag("amqp_queue_passive")
    ? await channel.checkQueue(name)
    : await channel.assertQueue(name, options);
  if (exchange !== "") await channel.bindQueue(queue, exchange, settings.text("amqp_routing_key"));
  return queue;
}

function brokerOptions(settings: Settings) {
  return {
    protocol: settings.flag("amqp_tls") ? "amqps" : "amqp",
    hostname: settings.text("amqp_hostname"),
    port: settings.number("amqp_port"),
    username: settings.text("amqp_credentials_username"),
    password: settings.text("amqp_credentials_password"),
    vhost: settings.text("amqp_virtualhost"),
    heartbeat: HEARTBEAT_S,
  };
}

function socketOptions(settings: Settings) {
  return {
    timeout: CONNECT_MS,
    ...(settings.flag("amqp_tls") && tlsSettings(settings, "amqp_tls")),
    ...(settings.text("amqp_credentials_type") === "external" && { credentials: credentials.external() }),
  };
}
