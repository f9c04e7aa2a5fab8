import { flushCompileCache } from "node:module";
import { log, run, type StepFile } from "../../layers/nodejs/node_modules/metwork-step/index.js";
import { NETWORK_PROGRAMS, type NetworkProgram, programSettings } from "../core/flow/network/programs.ts";
import { loadListener } from "../flow/listen/listen.ts";
import { destinationOf } from "../flow/send/destination.ts";
import { Sender } from "../flow/send/sender.ts";
import { startOverWithoutStripper } from "../kit/warm-start.ts";

/** `node network.ts PROGRAM INSTANCE`: one of the programs that take files from the network or send them there. */
const [, , name = "", instance = "1"] = process.argv;
const program = NETWORK_PROGRAMS.find((known) => known.name === name);
if (program === undefined) {
  console.error(`usage: network.ts ${NETWORK_PROGRAMS.map((known) => known.name).join("|")} INSTANCE`);
  process.exit(2);
}
const { settings, problems } = programSettings(
  program,
  (key) => process.env[`MFDATA_CURRENT_PLUGIN_CUSTOM_${key.toUpperCase()}`],
);
for (const { key, message } of problems) log.error(`[custom] ${key} ${message}`);
if (problems.length > 0) process.exit(2);
const begin = program.part === "daemon" ? await listening(program) : await sending(program);
startOverWithoutStripper();
flushCompileCache();
begin();

function listening({ name }: NetworkProgram): Promise<() => void> {
  return loadListener(name, settings, { instance, log, env: process.env });
}

async function sending({ name }: NetworkProgram): Promise<() => void> {
  const destination = await destinationOf(name, settings);
  const sender = new Sender(destination, log);
  const send = (file: StepFile): Promise<void> => sender.send(file.path, new Map(Object.entries(file.tags)));
  return () => run(send, { parallel: destination.sessions });
}
