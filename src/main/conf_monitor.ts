import { processContext } from "../cli/context.ts";
import { MODULE_NAMES } from "../core/module/paths.ts";
import { describe } from "../system/apply/describe.ts";
import { monitor } from "../system/monitor/monitor.ts";
import { connectSupervisor } from "../system/supervise/client.ts";

const module = MODULE_NAMES.find((name) => name === process.argv[2]);
if (module === undefined) {
  console.error("usage: conf_monitor mfserv|mfdata");
  process.exit(2);
}
const paths = processContext({ json: false, module }).paths();
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
const supervisor = await connectSupervisor(paths, { start: false });
await monitor({
  paths,
  supervisor,
  report: (record) => console.log(describe(record).join("\n")),
  signal: stop.signal,
});
process.exit(0);
