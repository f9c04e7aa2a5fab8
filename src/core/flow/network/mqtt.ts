import { type OptionSection, option, section } from "../../config/option.ts";
import { choice, host, integer, port } from "../../config/value-types.ts";
import { optional, tlsOptions, yesNo } from "./options.ts";

const NEVER_S = 0xffff_ffff;

/** What `mqtt_listener` is told. */
export const MQTT_OPTIONS: OptionSection = section("custom", "Where the messages come from; each becomes a file.", {
  mqtt_hostname: option(host, "localhost", "restart", "The broker's name or address."),
  mqtt_port: option(port, "1883", "restart", "Its port; with TLS often 8883."),
  mqtt_topic: optional("The topic to subscribe to; `+` and `#` are MQTT's wildcards.", "#"),
  mqtt_clean_session: yesNo(
    "1",
    "1: what is published while we are away is not for us. 0: the broker keeps it until we are back (with a QoS above 0).",
  ),
  mqtt_qos: option(
    integer(0, 2),
    "0",
    "restart",
    "0: a message may be lost. 1: it comes at least once. 2: exactly once. Above 0 it is acknowledged when its file is safe.",
  ),
  mqtt_client_id: optional(
    "Our name at the broker, of one client only. Empty: a random one, with clean sessions only.",
  ),
  mqtt_keepalive: option(
    integer(0, 65_535),
    "60",
    "restart",
    "The longest silence between us and the broker. 0: any.",
    "seconds",
  ),
  mqtt_version: option(choice("3.1.1", "5"), "3.1.1", "restart", "The version of MQTT to speak."),
  mqtt_session_expiry: option(
    integer(0, NEVER_S),
    String(NEVER_S),
    "restart",
    "How long an MQTT 5 broker keeps our session while we are away, without clean sessions. 4294967295: for ever.",
    "seconds",
  ),
  mqtt_username: optional("Who logs in. Empty: nobody."),
  mqtt_password: optional("That account's password."),
  mqtt_tls: yesNo("0", "1: over TLS."),
  ...tlsOptions("mqtt_tls"),
  dest_dir: optional("Where the files go: `plugin/step`, or an absolute directory.", "{{MFDATA_DATA_IN_DIR}}/incoming"),
});
