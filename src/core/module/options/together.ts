import type { Diagnostic } from "../../base/diagnostic.ts";
import type { ConfigValue, Sourced } from "../../config/types.ts";

type Values = ReadonlyMap<string, Sourced<ConfigValue>>;

const TCP_PORTS = ["nginx.port", "nginx.https_port", "redis.port"];
const UDP_PORTS = ["telegraf.statsd_port", "vector.mflog_port", "vector.nginxlog_port"];

/** What no option alone can say: options that contradict each other. */
export function checkTogether(values: Values): readonly Diagnostic[] {
  return [...sharedPorts(values, TCP_PORTS), ...sharedPorts(values, UDP_PORTS), ...httpsWithoutCertificate(values)];
}

function sharedPorts(values: Values, names: readonly string[]): readonly Diagnostic[] {
  const taken = new Map<ConfigValue, string>();
  const notes: Diagnostic[] = [];
  for (const name of names) {
    const port = values.get(name);
    if (port === undefined || port.value === null || port.value === 0) continue;
    const other = taken.get(port.value);
    if (other === undefined) taken.set(port.value, name);
    else
      notes.push(
        mistake("MF2006", `\`${other}\` and \`${name}\` are the same port`, port, "give each a port of its own"),
      );
  }
  return notes;
}

function httpsWithoutCertificate(values: Values): readonly Diagnostic[] {
  const https = values.get("nginx.https_port");
  if (https === undefined || https.value === null || https.value === 0) return [];
  return ["nginx.ssl_certificate", "nginx.ssl_certificate_key"]
    .filter((name) => values.get(name)?.value === "/dev/null")
    .map((name) => mistake("MF2007", `HTTPS is on but \`${name}\` is not set`, https, `set \`${name}\` to a PEM file`));
}

function mistake(code: Diagnostic["code"], message: string, { at }: Sourced<unknown>, fix: string): Diagnostic {
  return { code, severity: "error", message, fix, ...(at === undefined ? {} : { at }) };
}
