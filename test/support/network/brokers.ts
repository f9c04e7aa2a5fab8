import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../ports.ts";
import type { Certificates } from "./certificates.ts";
import { boxed, Daemon } from "./daemon.ts";

/** mosquitto, which keeps what it has to when it is asked to end; `lines` are added to its configuration. */
export async function mosquitto(
  directory: string,
  lines: readonly string[] = ["allow_anonymous true"],
): Promise<Daemon> {
  const port = await freePort();
  const config = join(directory, `mosquitto-${port}.conf`);
  const data = join(directory, `mosquitto-${port}`);
  mkdirSync(data);
  const settings = [
    `listener ${port} 127.0.0.1`,
    "persistence true",
    `persistence_location ${data}/`,
    // Who publishes synchronously does not read what it says meanwhile.
    "log_type error",
    "log_type warning",
    "max_queued_messages 0",
    // As whoever runs the tests, also when that is root.
    "user root",
    ...lines,
  ];
  writeFileSync(config, settings.map((line) => `${line}\n`).join(""));
  return new Daemon(port, ["mosquitto", "-c", config]);
}

/** What a broker has besides its plain port. */
export interface SecureBroker extends Daemon {
  readonly securePort: number;
}

/** RabbitMQ over TLS as well, for clients who show a certificate and are whom it names: `radar`. */
export async function secureRabbitmq(directory: string, pem: Certificates): Promise<SecureBroker> {
  const securePort = await freePort();
  const definitions = join(directory, "definitions.json");
  const everything = { configure: ".*", read: ".*", write: ".*" };
  const users = ["guest", "radar"].map((name) => ({ name, password: "guest", tags: "" }));
  const permissions = ["guest", "radar"].map((user) => ({ user, vhost: "/", ...everything }));
  writeFileSync(definitions, JSON.stringify({ users, vhosts: [{ name: "/" }], permissions }));
  const lines = [
    `listeners.ssl.1 = 127.0.0.1:${securePort}`,
    `ssl_options.cacertfile = ${pem.authority}`,
    `ssl_options.certfile = ${pem.server}`,
    `ssl_options.keyfile = ${pem.serverKey}`,
    "ssl_options.verify = verify_peer",
    "ssl_options.fail_if_no_peer_cert = true",
    "ssl_cert_login_from = common_name",
    "auth_mechanisms.1 = PLAIN",
    "auth_mechanisms.2 = EXTERNAL",
    `load_definitions = ${definitions}`,
  ];
  const daemon = await rabbitmq(directory, lines, ["rabbitmq_auth_mechanism_ssl"]);
  return Object.assign(daemon, { securePort });
}

/** RabbitMQ, alone in a process namespace, since it starts daemons of Erlang's that would outlive it. */
export async function rabbitmq(
  directory: string,
  lines: readonly string[] = [],
  plugins: readonly string[] = [],
): Promise<Daemon> {
  const home = join(directory, "rabbitmq");
  mkdirSync(home);
  const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
  const config = join(home, "rabbitmq.conf");
  const settings = [`listeners.tcp.1 = 127.0.0.1:${port}`, "log.console = true", "log.file = false", ...lines];
  writeFileSync(config, `${settings.join("\n")}\n`);
  writeFileSync(join(home, "plugins"), `[${plugins.join(",")}].\n`);
  const env = {
    HOME: home,
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `metwork${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_MNESIA_BASE: join(home, "db"),
    RABBITMQ_LOG_BASE: join(home, "log"),
    RABBITMQ_GENERATED_CONFIG_DIR: join(home, "generated"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, "plugins"),
    RABBITMQ_PID_FILE: join(home, "pid"),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
  };
  return new Daemon(port, [...boxed(), "/usr/lib/rabbitmq/bin/rabbitmq-server"], env, /startup complete/);
}

/** Sends each line as a message, as another program would; returns when the broker has them. */
export function publish({ port }: Daemon, topic: string, lines: string, qos: number, ...more: readonly string[]): void {
  const argv = ["-p", String(port), "-t", topic, "-l", "-q", String(qos), ...more];
  execFileSync("mosquitto_pub", argv, { input: lines, stdio: ["pipe", "inherit", "inherit"] });
}
