import assert from "node:assert/strict";
import { test } from "node:test";
import { NETWORK_PROGRAMS, networkProgram, programSettings } from "./programs.ts";

function problems(command: string, part: string, given: Readonly<Record<string, string>>): readonly string[] {
  const program = networkProgram([command], part);
  assert.ok(program);
  return programSettings(program, (key) => given[key]).problems.map(({ key, message }) => `${key} ${message}`);
}

test("commands are recognised by their bare names, for the kind of part they are", () => {
  assert.equal(networkProgram(["ftpsend_step", "--step-name=main"], "step")?.name, "ftpsend");
  assert.equal(networkProgram(["mqtt_listener"], "daemon")?.name, "mqttlistener");
  assert.equal(networkProgram(["mqtt_listener.py"], "daemon"), undefined);
  assert.equal(networkProgram(["/plugin/bin/ftpsend_step"], "step"), undefined);
  assert.equal(networkProgram(["ftpsend_step"], "daemon"), undefined);
});

test("every default is a value that its option accepts, or says that it must be set", () => {
  for (const program of NETWORK_PROGRAMS) {
    for (const { message } of programSettings(program, () => undefined).problems) assert.match(message, /must be set/);
  }
});

const ftp = { ftp_hostname: "server", ftp_username: "me", ftp_password: "x" };
const sftp = { sftp_hostname: "server", sftp_username: "me" };
const cases: readonly [
  command: string,
  part: string,
  given: Readonly<Record<string, string>>,
  said: readonly RegExp[],
][] = [
  ["ftpsend_step", "step", ftp, []],
  ["ftpsend_step", "step", {}, [/ftp_hostname must be set/, /ftp_username must be set/, /ftp_password must be set/]],
  ["ftpsend_step", "step", { ...ftp, ftp_password: "null" }, [/ftp_password must be set/]],
  [
    "ftpsend_step",
    "step",
    { ...ftp, ftp_tls: "ssl" },
    [/ftp_tls is `ssl`; it must be one of none, explicit, implicit/],
  ],
  ["ftpsend_step", "step", { ...ftp, ftp_basename: "a\nb" }, [/ftp_basename/]],
  ["sftpsend_step", "step", sftp, [/sftp_password must be set, or sftp_key_file/]],
  ["sftpsend_step", "step", { ...sftp, sftp_key_file: "/key" }, []],
  ["httpsend_step", "step", { http_url: "http://h/{ORIGINAL_BASENAME}" }, []],
  ["httpsend_step", "step", { http_url: "ftp://h/" }, [/http_url is `ftp/]],
  ["httpsend_step", "step", { http_url: "http://h/", http_ok_status_codes: "200, 2xx" }, [/http_ok_status_codes/]],
  ["mqtt_listener", "daemon", {}, []],
  ["mqtt_listener", "daemon", { mqtt_clean_session: "0" }, [/mqtt_client_id must be set/]],
  ["mqtt_listener", "daemon", { mqtt_qos: "3" }, [/mqtt_qos is `3`; it must be a whole number from 0 to 2/]],
  ["amqp_listener", "daemon", { dest_dir: "incoming" }, [/dest_dir is `incoming`; it must be `plugin\/step` or/]],
  ["amqp_listener", "daemon", { dest_dir: "radar/main", amqp_exchange_name: "weather" }, []],
];

for (const [command, part, given, said] of cases) {
  test(`${command} ${JSON.stringify(given)}: ${said.length} problems`, () => {
    const found = problems(command, part, given);
    assert.equal(found.length, said.length, found.join("\n"));
    for (const [index, pattern] of said.entries()) assert.match(found[index] ?? "", pattern);
  });
}

test("no value of an exchange or a routing key is taken for another", () => {
  const program = networkProgram(["amqp_listener"], "daemon");
  assert.ok(program);
  const given: Readonly<Record<string, string>> = { amqp_exchange_name: "weather", amqp_routing_key: "radar.#" };
  const { settings } = programSettings(program, (key) => given[key]);
  assert.equal(settings.text("amqp_exchange_name"), "weather");
  assert.equal(settings.text("amqp_routing_key"), "radar.#");
  assert.equal(settings.number("amqp_prefetch_count"), 1);
});
