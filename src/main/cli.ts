import { basename } from "node:path";
import { processContext } from "../cli/context.ts";
import { commands } from "../cli/registry.ts";
import { run } from "../cli/run.ts";

const calledAs = process.env["METWORK_CALLED_AS"] ?? "metwork";
delete process.env["METWORK_CALLED_AS"];
const invocation = {
  calledAs: basename(calledAs),
  argv: process.argv.slice(2),
  uid: process.getuid?.() ?? 0,
};
try {
  process.exitCode = await run(commands, invocation, processContext);
} catch (error) {
  console.error("error[MF8070]: this is a bug in metwork, please report it");
  console.error(error);
  process.exitCode = 70;
}
