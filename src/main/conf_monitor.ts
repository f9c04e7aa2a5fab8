import { processContext } from "../cli/context.ts";
import { MODULE_NAMES } from "../core/module/paths.ts";
import { startOverWithoutStripper } from "../kit/warm-start.ts";
import { describe } from "../system/apply/describe.ts";
import { monitor } from "../system/monitor/monitor.ts";
import { connectSupervisor } from "../system/supervise/client.ts";

startOverWithoutStripper();
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
  report: (record) => {
    console.log(describe(record).join("\n"));
    // Reading and planning leave tens of megabytes of garbage in a process that then sleeps for days.
    globalThis.gc?.();
  },
  signal: stop.signal,
});
process.exit(0);
