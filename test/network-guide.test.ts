import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { NETWORK_PROGRAMS } from "../src/core/flow/network/programs.ts";
import { plan } from "../src/core/plan/plan.ts";
import { addPlugin, readInput, temporaryHome } from "./support/planned.ts";

const GUIDE = readFileSync(join(import.meta.dirname, "..", "docs", "guide", "ways-in-and-out.md"), "utf8");
/** `# path (program)`, then what is in that file. */
const BLOCK = /^```ini\n# (?<path>\S+)(?: \((?<program>\w+)\))?\n(?<text>.*?)^```$/gms;
const COMMANDS = {
  ftpsend: "ftpsend_step",
  sftpsend: "sftpsend_step",
  httpsend: "httpsend_step",
  mqttlistener: "mqtt_listener",
  amqplistener: "amqp_listener",
} as const;

test("what the guide tells operators to write is understood, without a word of warning, and runs", async () => {
  using home = temporaryHome("mfdata");
  const expected = ["ftp", "sftp"];
  const blocks = [...GUIDE.matchAll(BLOCK)];
  assert.equal(blocks.length, NETWORK_PROGRAMS.length + 1);
  for (const { groups: { path = "", program: name = "", text = "" } = {} } of blocks) {
    const file = join(home.paths.runtime, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const program = NETWORK_PROGRAMS.find((known) => known.name === name);
    if (program === undefined) continue;
    const plugin = path.slice("config/plugins/".length, -".ini".length);
    const part = program.part === "step" ? "step_main" : `extra_daemon_${name}`;
    const command = `_cmd_and_args = ${COMMANDS[program.name]}\nnumprocesses = 1\n`;
    addPlugin(home.paths, plugin, { "config.ini": `[${part}]\n${command}` });
    expected.push(program.part === "step" ? `step.${plugin}.main` : `extra.${plugin}.${name}`);
    const known = program.options.options.map(({ key }) => key);
    for (const [, key = ""] of text.matchAll(/^([a-z]+_[a-z_]+) = /gm))
      assert.ok(known.includes(key), `${name} ${key}`);
  }
  const { input, notes } = await readInput(home.paths);
  const planned = plan(input);
  assert.deepEqual([...notes, ...planned.notes], []);
  assert.ok(planned.ok);
  for (const id of expected) assert.ok(planned.value.services[id], id);
});
