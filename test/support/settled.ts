import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import type { LastApply } from "../../src/system/apply/outcome.ts";

/** Makes conf_monitor look again; waits until it has, at all that was saved before, and nothing is left to do. */
export async function settled(runtime: string): Promise<void> {
  const { confMonitor, confMonitorIdle, var: directory } = runtimeLayout(runtime);
  const asked = Date.now();
  writeFileSync(confMonitor, "");
  await until("conf_monitor has looked", () => {
    // One that was at it already may end, and say that it has nothing to do, without having seen what was saved meanwhile.
    const { at, tookMs, reason } = JSON.parse(readFileSync(join(directory, "last_apply.json"), "utf8")) as LastApply;
    const hasLooked = reason.startsWith("conf_monitor: ") && Date.parse(at) - tookMs >= asked;
    return (hasLooked && existsSync(confMonitorIdle)) || undefined;
  });
}
