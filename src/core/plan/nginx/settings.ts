import { flagOf, listOf, numberOf, optionalNumberOf, optionalTextOf, textOf } from "../../config/access.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { PlanInput } from "../input.ts";
import { nginxWord } from "../quote/nginx.ts";
import type { Header } from "./fragments.ts";

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:\/\d{1,3})?)$/;
const HEADER_NAME = /^[A-Za-z0-9-]+$|^proxy_protocol$/;
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/** `[nginx]` of mfserv as its template wants it. */
export interface WebSettings {
  readonly ports: readonly number[];
  readonly https: { readonly port: number; readonly lines: readonly string[] } | undefined;
  readonly headers: { readonly request: readonly Header[]; readonly reply: readonly Header[] };
  readonly realIp: { readonly header: string; readonly recursive: boolean; readonly from: readonly string[] } | undefined;
  /** Proxies whose `X-Forwarded-*` are believed. */
  readonly trusted: readonly string[];
  /** Who may read `/uuid`. */
  readonly uuidReaders: readonly string[];
  readonly health: string | undefined;
  readonly timeoutS: number;
}

/** Reads them, and says what is wrong with those that only make sense together. */
export function webSettings(input: PlanInput): { settings: WebSettings; notes: readonly Diagnostic[] } {
  const { config } = input;
  const notes: Diagnostic[] = [];
  const addresses = (name: string): readonly string[] =>
    listOf(config, name, ",").filter((item) => {
      const good = ADDRESS.test(item);
      if (!good) notes.push(wrong(input, name, `${JSON.stringify(item)} is not an IP address or network`));
      return good;
    });
  const from = addresses("nginx.real_ip_set_from");
  const header = textOf(config, "nginx.real_ip_header");
  if (!HEADER_NAME.test(header)) notes.push(wrong(input, "nginx.real_ip_header", `${JSON.stringify(header)} is no header`));
  const health = optionalTextOf(config, "nginx.health_location");
  if (health !== undefined && !/^\/[A-Za-z0-9_./-]+$/.test(health)) {
    notes.push(wrong(input, "nginx.health_location", `${JSON.stringify(health)} is not a path`));
  }
  const settings: WebSettings = {
    ports: [optionalNumberOf(config, "nginx.port") ?? 0].filter((port) => port > 0),
    https: https(input, notes),
    headers: headers(input),
    realIp: flagOf(config, "nginx.real_ip")
      ? { header, recursive: flagOf(config, "nginx.real_ip_recursive"), from }
      : undefined,
    trusted: [...LOOPBACK, ...from],
    uuidReaders: [...LOOPBACK, ...addresses("nginx.uuid_endpoint_extra_allows")],
    health,
    timeoutS: numberOf(config, "nginx.timeout"),
  };
  return { settings, notes };
}

function headers(input: PlanInput): WebSettings["headers"] {
  const forwarded = flagOf(input.config, "nginx.add_x_forwarded_headers");
  const requestId = flagOf(input.config, "nginx.add_request_id_header");
  const id = [{ name: "X-Request-Id", value: "$metwork_request_id" }].filter(() => requestId);
  const request = [
    { name: "Host", value: "$http_host" },
    { name: "Connection", value: "$metwork_connection" },
    { name: "Upgrade", value: "$http_upgrade" },
    ...[
      { name: "X-Real-IP", value: "$remote_addr" },
      { name: "X-Forwarded-For", value: "$proxy_add_x_forwarded_for" },
      { name: "X-Forwarded-Proto", value: "$metwork_forwarded_proto" },
      { name: "X-Forwarded-Path", value: "$metwork_forwarded_path" },
      { name: "X-Forwarded-Host", value: "$metwork_forwarded_host" },
      { name: "X-Forwarded-Port", value: "$metwork_forwarded_port" },
    ].filter(() => forwarded),
    ...id,
  ];
  return { request, reply: id };
}

function https(input: PlanInput, notes: Diagnostic[]): WebSettings["https"] {
  const { config } = input;
  const port = optionalNumberOf(config, "nginx.https_port") ?? 0;
  if (port <= 0) return undefined;
  const certificate = textOf(config, "nginx.ssl_certificate");
  const key = textOf(config, "nginx.ssl_certificate_key");
  for (const [name, path] of [["ssl_certificate", certificate], ["ssl_certificate_key", key]] as const) {
    if (path.startsWith("/") && path !== "/dev/null" && !/[\p{Cc}$]/u.test(path)) continue;
    notes.push(wrong(input, `nginx.${name}`, `https_port is set, but ${name} is ${JSON.stringify(path)}`));
  }
  const protocols = textOf(config, "nginx.ssl_protocols").split(/\s+/).filter((word) => word !== "");
  const ciphers = textOf(config, "nginx.ssl_ciphers");
  if (notes.length > 0) return undefined;
  const lines = [
    `ssl_certificate ${nginxWord(certificate)};`,
    `ssl_certificate_key ${nginxWord(key)};`,
    `ssl_protocols ${protocols.map(nginxWord).join(" ")};`,
    `ssl_ciphers ${nginxWord(ciphers)};`,
    "ssl_session_cache shared:metwork_tls:1m;",
  ];
  return { port, lines };
}

function wrong(input: PlanInput, name: string, message: string): Diagnostic {
  const at = input.config.values.get(name)?.at;
  return {
    code: "MF4012",
    severity: "error",
    message: `${name.replace(".", " ")}: ${message}`,
    ...(at !== undefined && { at }),
    fix: "see the comment of the option in the module's config.ini",
  };
}
