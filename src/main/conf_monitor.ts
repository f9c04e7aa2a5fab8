import { join } from "node:path";
import { processContext } from "../cli/context.ts";
import { MODULE_NAMES, runtimeLayout } from "../core/module/paths.ts";
import { takeKillOrders } from "../kit/checkpoint.ts";
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
takeKillOrders(join(runtimeLayout(paths.runtime).tmp, "kill_at"));
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
const supervisor = await connectSupervisor(paths, { start: false });
// Nothing can be done without it; whoever starts this again connects to the one that runs then.
void supervisor.closed.then(() => {
  console.error(
    `${new Date().toISOString()} [ERROR] (conf_monitor#${process.pid}) the supervisor's connection is lost`,
  );
  process.exit(1);
});
// An idle connection keeps no process running, and neither do watches.
const awake = setInterval(() => undefined, 2 ** 31 - 1);
await monitor({
  paths,
  supervisor,
  report: (record) => {
    console.log(describe(record).join("\n"));
    // Reading and planning leave tens of megabytes of garbage in a process that then sleeps for days.
    globalThis.gc?.();
  },
  complain: (error) => {
    const message = error instanceof Error ? error.message : String(error);
    console.log(`${new Date().toISOString()}  [ERROR] (conf_monitor#${process.pid}) could not apply: ${message}`);
  },
  signal: stop.signal,
});
clearInterval(awake);
process.exit(0);
