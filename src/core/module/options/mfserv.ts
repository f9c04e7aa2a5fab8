import { type OptionSection, option, section } from "../../config/option.ts";
import {
  addressRanges,
  ciphers,
  flag,
  headerName,
  integer,
  ipAddress,
  orUnset,
  path,
  portOrZero,
  tlsProtocols,
  urlPath,
} from "../../config/value-types.ts";
import {
  generalSections,
  LARGEST_BODY_MB,
  type ModulePorts,
  reportingSections,
  supervisionSections,
} from "./common.ts";

const PORTS: ModulePorts = { mflog: "5144", nginxlog: "5145", statsd: "18127" };

const NGINX = section("nginx", "The web server in front of all plugins.", {
  flag: option(flag, "1", "restart", "0: there is no web server; only the extra daemons of plugins run."),
  port: option(
    orUnset(portOrZero),
    "18868",
    "reload",
    "The port for HTTP. Ports below 1024 need a right: setcap cap_net_bind_service=+ep on nginx. 0 or null: no HTTP.",
  ),
  listen_address: option(
    orUnset(ipAddress),
    "null",
    "restart",
    "The only address to listen on, for HTTP and HTTPS: 127.0.0.1 serves this machine alone. null: all of IPv4.",
  ),
  workers: option(
    integer(1, 1024),
    "{{MFHARDWARE_NUMBER_OF_CPU_CORES}}",
    "reload",
    "How many processes of nginx answer requests.",
  ),
  timeout: option(
    integer(1, 86400),
    "60",
    "reload",
    "How long a request may take in a plugin that does not say so itself.",
    "seconds",
  ),
  upload_max_body_size: option(
    integer(0, LARGEST_BODY_MB),
    "100",
    "reload",
    "A request with a larger body is refused (413). 0: any size.",
    "megabytes",
  ),
  clientbody_temp_path: option(
    path,
    "{{MFMODULE_RUNTIME_HOME}}/var/nginx2",
    "reload",
    "The directory for bodies of requests that do not fit into memory.",
  ),
  logging: option(flag, "1", "reload", "0: no access log."),
  max_size_before_rotation: option(
    integer(-1),
    "-1",
    "none",
    "As in [log], for the log files of nginx. -1: what [log] says.",
    "bytes",
  ),
  add_request_id_header: option(flag, "1", "reload", "1: requests and answers carry X-Request-Id."),
  accept_incoming_request_id_header: option(
    flag,
    "0",
    "reload",
    "1: an X-Request-Id the client sends is kept. 0: each request gets a new one.",
  ),
  add_x_forwarded_headers: option(
    flag,
    "1",
    "reload",
    "1: plugins learn from X-Forwarded-* headers who asked, for which host and how.",
  ),
  proxy_ignore_client_abort: option(
    flag,
    "1",
    "reload",
    "1: a plugin finishes its work even when the client has gone.",
  ),
  uuid_endpoint_extra_allows: option(
    orUnset(addressRanges),
    "null",
    "reload",
    "Addresses, besides this machine, that may ask for /uuid.",
  ),
  health_location: option(
    orUnset(urlPath),
    "/__health",
    "reload",
    "The path a load balancer asks to learn whether this machine serves. null: none.",
  ),
  health_access_log: option(flag, "0", "reload", "1: those questions are in the access log too."),
  smart_stop_delay: option(
    integer(0, 3600),
    "0",
    "none",
    "How long to go on serving after stopping has begun, while the health path already says no.",
    "seconds",
  ),
  smart_start_delay: option(
    integer(0, 3600),
    "0",
    "none",
    "How long to wait after a start before the health path says yes. Waited for once, when starting.",
    "seconds",
  ),
  real_ip: option(flag, "0", "reload", "1: behind a trusted proxy, the client's address is taken from a header."),
  real_ip_header: option(headerName, "X-Forwarded-For", "reload", "That header; proxy_protocol is possible too."),
  real_ip_recursive: option(
    flag,
    "1",
    "reload",
    "1: of several addresses in it, the last one that is not trusted counts.",
  ),
  real_ip_set_from: option(addressRanges, "172.16.0.0/12,192.168.0.0/16,10.0.0.0/8", "reload", "The trusted proxies."),
  server_tokens: option(flag, "1", "reload", "0: answers do not tell the version of nginx."),
  port_in_redirect: option(flag, "1", "reload", "0: redirects leave the port out."),
  https_port: option(
    orUnset(portOrZero),
    "null",
    "reload",
    "The port for HTTPS; it needs ssl_certificate and ssl_certificate_key. null: no HTTPS.",
  ),
  ssl_certificate: option(
    path,
    "/dev/null",
    "reload",
    "The certificate (PEM, with its chain), readable for the module's user.",
  ),
  ssl_certificate_key: option(
    path,
    "/dev/null",
    "reload",
    "Its key (PEM), readable for the module's user and nobody else.",
  ),
  ssl_ciphers: option(ciphers, "HIGH:!aNULL:!MD5", "reload", "The ciphers allowed for TLS 1.2 and older."),
  ssl_protocols: option(
    tlsProtocols,
    "TLSv1.2 TLSv1.3",
    "reload",
    "The versions of TLS allowed. Former releases allowed TLSv1 and TLSv1.1, which are broken, and lacked TLSv1.3.",
  ),
});

const INTERNAL_PLUGINS = section(
  "internal_plugins",
  "Plugins that come with the module. `install_NAME = 1` installs or updates, at each start, the newest share/plugins/NAME-*.plugin.",
  {
    install_welcome: option(flag, "1", "none", "1: the page at / that lists what is installed."),
    "install_*": option(flag, "0", "none", "1: any other plugin that comes with the module."),
  },
);

export const MFSERV_SECTIONS: readonly OptionSection[] = [
  ...generalSections(),
  NGINX,
  INTERNAL_PLUGINS,
  ...reportingSections(PORTS),
  ...supervisionSections(PORTS),
];
