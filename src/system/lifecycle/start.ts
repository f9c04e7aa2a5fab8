import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { hasErrors } from "../../core/base/result.ts";
import { flagOf } from "../../core/config/access.ts";
import { logPolicy } from "../../core/module/log-policy.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists, writeFileAtomically } from "../../kit/fs.ts";
import { prepareLayout } from "../apply/layout.ts";
import { applyModule } from "../apply/module.ts";
import type { LastApply } from "../apply/outcome.ts";
import { gatherHost } from "../host/host.ts";
import { loadConfig, prepareUserConfig } from "../load/config.ts";
import { provisionPlugins } from "../plugins/provision.ts";
import { connectSupervisor } from "../supervise/client.ts";
import { balancerDelayMs } from "./delays.ts";
import { readState, writeState } from "./state.ts";

export type Started =
  | { readonly did: "disabled" }
  | { readonly did: "started"; readonly record: LastApply }
  | { readonly did: "failed"; readonly record?: LastApply; readonly notes: LastApply["notes"] };

/**
 * Starts a module: prepares its home, installs the configured plugins, starts the supervisor and applies the plan.
 * Starting a running module only applies what changed. `provision: false` is the predecessor's NOINIT.
 */
export async function startModule(
  paths: ModulePaths,
  options: { provision: boolean; reason: string },
): Promise<Started> {
  const layout = runtimeLayout(paths.runtime);
  await prepareLayout(layout);
  await prepareUserConfig(paths);
  const loaded = await loadConfig(paths, gatherHost());
  if (!loaded.ok) return { did: "failed", notes: loaded.notes };
  const config = loaded.value;
  if (!flagOf(config, "startup.flag")) return { did: "disabled" };
  const before = readState(layout);
  await writeState(layout, "STARTING");
  await rm(layout.confMonitorIdle, { force: true });
  if (!exists(layout.uuid)) await writeFileAtomically(layout.uuid, randomBytes(16).toString("hex"), 0o644);
  const provisioned = options.provision ? await provisionPlugins(paths, config) : [];
  const supervisor = await connectSupervisor(paths, { start: true, logPolicy: logPolicy(config) });
  const applied = await applyModule(paths, { dryRun: false, reason: options.reason, supervisor, retryFailed: true });
  const record = { ...applied, notes: [...provisioned, ...applied.notes] };
  const worked = record.did === "applied" || record.did === "nothing";
  // Not when it ran before: load balancers are sending requests already.
  if (worked && before !== "RUNNING") await delay(balancerDelayMs(config, "start"));
  await writeState(layout, worked ? "RUNNING" : "ERROR");
  if (worked) {
    // conf_monitor does nothing while the state is STARTING; what changed since then waits for this.
    await writeFileAtomically(layout.confMonitor, "", 0o644);
    return { did: "started", record };
  }
  return { did: "failed", record, notes: record.notes.filter((note) => hasErrors([note])) };
}
