import { isAbsolute } from "node:path";
import type { Plan } from "../../../core/plan/types.ts";
import type { Plugin } from "../../../core/plugin/types.ts";
import type { CertificateFacts, Peer } from "../types.ts";
import { gatherCertificate } from "./certificate.ts";

const CUSTOM = "CUSTOM_";
/** The program of a service, what its settings begin with, and the port they have by default. */
const PEERS = {
  mqttlistener: ["MQTT", 1883],
  amqplistener: ["AMQP", 5672],
  ftpsend: ["FTP", 21],
  sftpsend: ["SFTP", 22],
} as const;

/** The servers that network programs of plugins connect to. */
export function peersOf({ services }: Plan, plugins: readonly Plugin[]): readonly Peer[] {
  return Object.values(services).flatMap(({ id, argv, plugin: name }) => {
    const plugin = plugins.find((one) => one.name === name);
    const [, [prefix, initial] = []] = Object.entries(PEERS).find(([program]) => argv.includes(program)) ?? [];
    if (plugin === undefined || prefix === undefined) return [];
    const given = (key: string): string | undefined => plugin.settings[`${CUSTOM}${prefix}_${key}`]?.trim();
    const host = given("HOSTNAME") ?? "localhost";
    return [{ service: id, plugin: plugin.name, host, port: Number(given("PORT") || initial) }];
  });
}

/** Private keys that settings of plugins name: `[custom] ..._key_file`. */
export function keysOf(plugins: readonly Plugin[]): readonly string[] {
  return plugins.flatMap((plugin) => filesNamed(plugin, "KEY_FILE").map(({ path }) => path));
}

/** Certificates that settings of plugins name: `[custom] ..._cert_file`, with the key beside it, and `..._ca_file`. */
export function certificatesOf(plugins: readonly Plugin[]): readonly CertificateFacts[] {
  return plugins.flatMap((plugin) => {
    const option = (key: string): string => `[custom] ${key.slice(CUSTOM.length).toLowerCase()} of ${plugin.name}`;
    const authorities = filesNamed(plugin, "CA_FILE");
    const own = filesNamed(plugin, "CERT_FILE").map((certificate) => {
      const keyName = certificate.key.replace(/CERT_FILE$/, "KEY_FILE");
      const path = plugin.settings[keyName]?.trim() ?? "";
      const key = isAbsolute(path) ? { path, option: option(keyName) } : undefined;
      return { certificate, key };
    });
    return [...authorities.map((certificate) => ({ certificate, key: undefined })), ...own].map(
      ({ certificate, key }) =>
        gatherCertificate({ path: certificate.path, option: option(certificate.key) }, key, "metwork apply mfdata"),
    );
  });
}

function filesNamed({ settings }: Plugin, ending: string): readonly { readonly key: string; readonly path: string }[] {
  return Object.entries(settings)
    .filter(([key, value]) => key.startsWith(CUSTOM) && key.endsWith(`_${ending}`) && isAbsolute(value.trim()))
    .map(([key, value]) => ({ key, path: value.trim() }));
}
