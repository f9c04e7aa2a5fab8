import { type OptionSection, option, section } from "../../config/option.ts";
import { choice, host, integer, port } from "../../config/value-types.ts";
import { optional, tlsOptions, yesNo } from "./options.ts";

/** What `amqp_listener` is told. */
export const AMQP_OPTIONS: OptionSection = section("custom", "Where the messages come from; each becomes a file.", {
  amqp_hostname: option(host, "localhost", "restart", "The broker's name or address."),
  amqp_virtualhost: optional("The virtual host there.", "/"),
  amqp_port: option(port, "5672", "restart", "Its port; with TLS often 5671."),
  amqp_credentials_type: option(
    choice("plain", "external"),
    "plain",
    "restart",
    "plain: by name and password. external: by our certificate.",
  ),
  amqp_credentials_username: optional("Who logs in.", "guest"),
  amqp_credentials_password: optional("That account's password.", "guest"),
  amqp_tls: yesNo("0", "1: over TLS."),
  ...tlsOptions("amqp_tls"),
  amqp_exchange_type: option(
    choice("direct", "fanout", "topic", "headers"),
    "direct",
    "restart",
    "The kind of exchange, when one is named.",
  ),
  amqp_exchange_name: optional("The exchange our queue is bound to. Empty: none, the queue is only read."),
  amqp_exchange_passive: yesNo("0", "1: it must be there already."),
  amqp_exchange_durable: yesNo("0", "1: it outlives a restart of the broker."),
  amqp_exchange_auto_delete: yesNo("0", "1: it goes when no queue is bound to it any more."),
  amqp_exchange_internal: yesNo("0", "1: only other exchanges may publish to it."),
  amqp_queue_name: optional("The queue to read. Empty: one of our own, which the broker names.", "bar"),
  amqp_queue_passive: yesNo("0", "1: it must be there already."),
  amqp_queue_durable: yesNo("0", "1: it outlives a restart of the broker."),
  amqp_queue_exclusive: yesNo("0", "1: it is for this connection only, and goes with it."),
  amqp_queue_auto_delete: yesNo("0", "1: it goes when nobody reads it any more."),
  amqp_routing_key: optional("The key it is bound to the exchange with."),
  amqp_prefetch_count: option(
    integer(1, 65_535),
    "1",
    "restart",
    "How many messages may be in hand at once, when amqp_auto_ack is 0.",
    "messages",
  ),
  amqp_auto_ack: yesNo(
    "1",
    "1: up to 100 messages are in hand. 0: amqp_prefetch_count. A message is acknowledged when its file is safe, in either case.",
  ),
  amqp_requeue: yesNo(
    "0",
    "What happens to a message that cannot be stored. 0: it is tried again here until it can. 1: it goes back to the queue, for others.",
  ),
  amqp_exclusive: yesNo("0", "1: nobody else may read the queue."),
  dest_dir: optional("Where the files go: `plugin/step`, or an absolute directory.", "{{MFDATA_DATA_IN_DIR}}/incoming"),
});
