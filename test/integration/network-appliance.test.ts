import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";
import { mosquitto, publish } from "../support/network/brokers.ts";
import type { Daemon } from "../support/network/daemon.ts";
import { type SshServer, sshd } from "../support/network/sshd.ts";
import { until } from "./flow-harness.ts";

const SHIPPED = join(root, "modules", "mfdata", "share", "plugins");
let appliance: Appliance;
let home: string;
let target: string;
let ssh: SshServer;
let broker: Daemon;

before(async () => {
  appliance = await makeAppliance();
  home = join(appliance.home, "mfdata");
  target = join(appliance.home, "sent");
  mkdirSync(target);
  [ssh, broker] = await Promise.all([sshd(appliance.home), mosquitto(appliance.home)]);
  await Promise.all([ssh.start(), broker.start(), appliance.ok("mfdata.start")]);
});
after(async () => {
  await Promise.all([ssh.stop(), broker.stop(), appliance[Symbol.asyncDispose]()]);
});

async function install(program: string, name: string): Promise<void> {
  const file = readdirSync(SHIPPED).find((one) => one.startsWith(`${program}-`)) ?? "missing";
  await appliance.ok("plugins.install", "--module=mfdata", `--new-name=${name}`, join(SHIPPED, file));
}

/** Sets what a plugin is told, as an operator would, and applies it. */
async function set(plugin: string, settings: Readonly<Record<string, string | number>>): Promise<void> {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  appliance.write(`mfdata/config/plugins/${plugin}.ini`, `[custom]\n${lines.join("")}`);
  await appliance.ok("metwork", "apply", "mfdata");
}

/** What has arrived in full: until then a file has another name. */
const sent = (): readonly string[] =>
  readdirSync(target)
    .filter((name) => !name.endsWith(".t"))
    .map((name) => readFileSync(join(target, name), "utf8"));

test("a plugin that is not told where to send is reported with the line, and its files wait", async () => {
  await install("sftpsend", "foobar9");
  const plan = await appliance.run("metwork", "apply", "mfdata");
  assert.match(plan.stderr, /MF7020.*\[step_main\] of foobar9 does not run: sftp_hostname must be set/);
  assert.match(plan.stderr, /foobar9\/config\.ini:\d+:1/);
  const waiting = join(home, "var", "in", "step.foobar9.main");
  mkdirSync(waiting, { recursive: true });
  writeFileSync(join(waiting, "early"), "it waited");
  await set("foobar9", {
    sftp_hostname: "127.0.0.1",
    sftp_port: ssh.port,
    sftp_username: ssh.user,
    sftp_key_file: ssh.key,
    sftp_known_hosts_file: ssh.knownHosts,
    sftp_directory: target,
    sftp_basename: "{ORIGINAL_UID}",
  });
  await until("it is sent", () => sent().includes("it waited"));
});

test("a message of MQTT goes through the pipeline and out by SFTP", async () => {
  await install("mqttlistener", "foobar6");
  await set("foobar6", { mqtt_hostname: "127.0.0.1", mqtt_port: broker.port, mqtt_qos: 1, dest_dir: "foobar9/main" });
  await until("it comes out", () => {
    publish(broker, "weather", "from afar\n", 1);
    return sent().includes("from afar");
  });
});

test("template listener: what it stores is a file of the pipeline", async () => {
  const at = (where: string, ...argv: readonly string[]): Promise<string> =>
    appliance.ok("mfdata_wrapper", "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", where, ...argv);
  await at(appliance.home, "bootstrap_plugin.py", "create", "--no-input", "--template=listener", "ears");
  const script = join(appliance.home, "ears", "bin", "listener.py");
  const source = readFileSync(script, "utf8");
  const line = '        self.store(b"heard", "foobar9/main", {"from": "ears"})\n';
  writeFileSync(
    script,
    source.replace("        while True:\n", (loop) => line + loop),
  );
  await at(join(appliance.home, "ears"), "_plugins.develop");
  await until("it comes out", () => sent().includes("heard"));
  const log = join(home, "log", "extra_ears_listener.log");
  const said = /\[INFO\] \(mfdata\.ears\.main#\d+\) listening/;
  await until("it is said", () => existsSync(log) && said.test(readFileSync(log, "utf8")));
});
