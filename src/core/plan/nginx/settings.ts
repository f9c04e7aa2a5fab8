import { hash } from "node:crypto";
import { flagOf, listOf, numberOf, optionalNumberOf, optionalTextOf, textOf } from "../../config/access.ts";
import type { Host } from "../../module/host.ts";
import type { PlanInput } from "../input.ts";
import { nginxWord } from "../quote/nginx.ts";
import type { Header } from "./fragments.ts";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/** `[nginx]` of mfserv as its template wants it. */
export interface WebSettings {
  /** Before the ports of `listen`: empty, or the one address with a colon. */
  readonly address: string;
  readonly ports: readonly number[];
  readonly https: { readonly port: number; readonly lines: readonly string[] } | undefined;
  readonly headers: { readonly request: readonly Header[]; readonly reply: readonly Header[] };
  /** The variable with the id of a request. */
  readonly requestId: string;
  /** Apps are told it, and clients. */
  readonly addsRequestId: boolean;
  readonly acceptRequestId: boolean;
  /** What `Host` says in most requests, and the port in it. */
  readonly calledHosts: readonly { readonly host: string; readonly port: number }[];
  readonly realIp:
    | { readonly header: string; readonly recursive: boolean; readonly from: readonly string[] }
    | undefined;
  /** Proxies whose `X-Forwarded-*` are believed. */
  readonly trusted: readonly string[];
  /** Who may read `/uuid`, besides this machine. */
  readonly uuidReaders: readonly string[];
  readonly health: string | undefined;
  readonly timeoutS: number;
}

/** Reads them; that each makes sense, and all of them together, was seen to when the configuration was read. */
export function webSettings(input: PlanInput): WebSettings {
  const { config } = input;
  const from = listOf(config, "nginx.real_ip_set_from", ",");
  const header = textOf(config, "nginx.real_ip_header");
  const recursive = flagOf(config, "nginx.real_ip_recursive");
  const address = optionalTextOf(config, "nginx.listen_address");
  const https = httpsOf(input);
  const ports = [optionalNumberOf(config, "nginx.port") ?? 0].filter((port) => port > 0);
  const acceptRequestId = flagOf(config, "nginx.accept_incoming_request_id_header");
  const requestId = acceptRequestId ? "$metwork_request_id" : "$request_id";
  return {
    address: address === undefined ? "" : address.includes(":") ? `[${address}]:` : `${address}:`,
    ports,
    https,
    headers: headers(input, requestId),
    requestId,
    addsRequestId: flagOf(config, "nginx.add_request_id_header"),
    acceptRequestId,
    calledHosts: calledHosts(input.host, https === undefined ? ports : [...ports, https.port]),
    realIp: flagOf(config, "nginx.real_ip") ? { header, recursive, from } : undefined,
    trusted: [...LOOPBACK, ...from],
    uuidReaders: listOf(config, "nginx.uuid_endpoint_extra_allows", ","),
    health: optionalTextOf(config, "nginx.health_location"),
    timeoutS: numberOf(config, "nginx.timeout"),
  };
}

/** What `X-Forwarded-*` says of a request that did not come through a trusted proxy. */
export const FORWARDED = [
  { name: "proto", own: "$scheme" },
  { name: "path", own: "$request_uri" },
  { name: "host", own: "$host" },
  { name: "port", own: "$metwork_port" },
] as const;

/** Longer words would need a larger `map_hash_bucket_size`, which a plugin may set as well. */
const LONGEST_CALLED = 40;

function calledHosts({ name, fullName, ip }: Host, ports: readonly number[]): WebSettings["calledHosts"] {
  const hosts = new Set([name, fullName, ip, "localhost", "127.0.0.1"].map((host) => host.toLowerCase()));
  return ports
    .flatMap((port) => [...hosts].map((host) => ({ host: `${host}:${port}`, port })))
    .filter(({ host }) => host.length <= LONGEST_CALLED && /^[a-z0-9]/.test(host));
}

function headers(input: PlanInput, requestIdVariable: string): WebSettings["headers"] {
  const forwarded = flagOf(input.config, "nginx.add_x_forwarded_headers");
  const requestId = flagOf(input.config, "nginx.add_request_id_header");
  const id = [{ name: "X-Request-Id", value: requestIdVariable }].filter(() => requestId);
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

function httpsOf({ config, named }: PlanInput): WebSettings["https"] {
  const port = optionalNumberOf(config, "nginx.https_port") ?? 0;
  if (port <= 0) return undefined;
  const protocols = textOf(config, "nginx.ssl_protocols").split(/\s+/);
  const files = ["nginx.ssl_certificate", "nginx.ssl_certificate_key"].map((name) => textOf(config, name));
  const [certificate = "", key = ""] = files;
  const contents = files.flatMap((path) => named?.get(path) ?? []);
  const lines = [
    // nginx reads them once: another content must change its configuration, or it would not be reloaded.
    ...(contents.length > 0 ? [`# of SHA-256 ${hash("sha256", contents.join())}`] : []),
    `ssl_certificate ${nginxWord(certificate)};`,
    `ssl_certificate_key ${nginxWord(key)};`,
    `ssl_protocols ${protocols.map(nginxWord).join(" ")};`,
    `ssl_ciphers ${nginxWord(textOf(config, "nginx.ssl_ciphers"))};`,
    "ssl_session_cache shared:metwork_tls:1m;",
  ];
  return { port, lines };
}
