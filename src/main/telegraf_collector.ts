import { readFileSync } from "node:fs";
import type { CollectorConfig } from "../core/metrics/types.ts";
import { startCollector } from "../system/metrics/collector.ts";
import { connectSupervisor, type LocalSupervisor } from "../system/supervise/client.ts";

const [, , configPath, runtime] = process.argv;
if (configPath === undefined || runtime === undefined) {
  console.error("usage: telegraf_collector.ts COLLECTOR_JSON RUNTIME_HOME");
  process.exit(2);
}
const config: CollectorConfig = JSON.parse(readFileSync(configPath, "utf8"));
let supervisor: LocalSupervisor | undefined;
const close = startCollector(config, {
  services: async () => {
    if (supervisor === undefined) {
      supervisor = await connectSupervisor({ runtime }, { start: false });
      void supervisor.closed.then(() => {
        supervisor = undefined;
      });
    }
    return supervisor.list();
  },
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    close();
    process.exit(0);
  });
}
