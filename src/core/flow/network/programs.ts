import { posix } from "node:path";
import type { OptionSection } from "../../config/option.ts";
import { parseDestination } from "../recognise.ts";
import { AMQP_OPTIONS } from "./amqp.ts";
import { FTP_OPTIONS } from "./ftp.ts";
import { HTTP_OPTIONS } from "./http.ts";
import { MQTT_OPTIONS } from "./mqtt.ts";
import { type Problem, readSettings, type Settings } from "./settings.ts";
import { SFTP_OPTIONS } from "./sftp.ts";

/** A program of ours that a plugin's part names as its command, and that runs as a process of that plugin. */
export interface NetworkProgram {
  readonly name: "ftpsend" | "sftpsend" | "httpsend" | "mqttlistener" | "amqplistener";
  readonly part: "step" | "daemon";
  readonly options: OptionSection;
  /** What its settings must be together. */
  readonly together: (settings: Settings) => readonly Problem[];
}

/** By the command a plugin writes. */
const PROGRAMS: Readonly<Record<string, NetworkProgram>> = {
  ftpsend_step: { name: "ftpsend", part: "step", options: FTP_OPTIONS, together: () => [] },
  sftpsend_step: { name: "sftpsend", part: "step", options: SFTP_OPTIONS, together: needsLogin },
  httpsend_step: { name: "httpsend", part: "step", options: HTTP_OPTIONS, together: needsUrl },
  mqtt_listener: { name: "mqttlistener", part: "daemon", options: MQTT_OPTIONS, together: mqttTogether },
  amqp_listener: { name: "amqplistener", part: "daemon", options: AMQP_OPTIONS, together: knowsPlace },
};

export const NETWORK_PROGRAMS: readonly NetworkProgram[] = Object.values(PROGRAMS);

/** The program a part's command names; undefined: it is the plugin's own. */
export function networkProgram(argv: readonly string[], part: string): NetworkProgram | undefined {
  const [command = ""] = argv;
  const program = command.includes("/") ? undefined : PROGRAMS[posix.basename(command)];
  return program?.part === part ? program : undefined;
}

/** Reads a program's settings and everything that is wrong with them. */
export function programSettings(
  program: NetworkProgram,
  given: (key: string) => string | undefined,
): { readonly settings: Settings; readonly problems: readonly Problem[] } {
  const { settings, problems } = readSettings(program.options, given);
  return { settings, problems: problems.length > 0 ? problems : program.together(settings) };
}

function needsLogin(settings: Settings): readonly Problem[] {
  return settings.text("sftp_password") === "" && settings.text("sftp_key_file") === ""
    ? [{ key: "sftp_password", message: "must be set, or sftp_key_file" }]
    : [];
}

function needsUrl(settings: Settings): readonly Problem[] {
  const url = settings.text("http_url");
  return /^https?:\/\/[^/?#{%]/.test(url)
    ? []
    : [{ key: "http_url", message: `is \`${url}\`; it must begin with http:// or https:// and a host` }];
}

/** What is still a template is the default, and expanded by who runs. */
function knowsPlace(settings: Settings): readonly Problem[] {
  const place = settings.text("dest_dir");
  return place.startsWith("{{") || parseDestination(place) !== undefined
    ? []
    : [{ key: "dest_dir", message: `is \`${place}\`; it must be \`plugin/step\` or an absolute directory` }];
}

function mqttTogether(settings: Settings): readonly Problem[] {
  return [...needsClientId(settings), ...knowsPlace(settings)];
}

function needsClientId(settings: Settings): readonly Problem[] {
  return !settings.flag("mqtt_clean_session") && settings.text("mqtt_client_id") === ""
    ? [{ key: "mqtt_client_id", message: "must be set when mqtt_clean_session is 0: the session is kept by that name" }]
    : [];
}
