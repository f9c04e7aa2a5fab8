import { readFileSync } from "node:fs";
import type { SystemdUpstreams } from "../../core/plan/files/systemd-upstreams.ts";
import { showUnits, type UnitProperties } from "./systemd-units.ts";
import { type PeerStatus, serveUpstreams, type Upstream } from "./upstreams.ts";

/** systemd hands the listening socket over as the first descriptor after the standard ones. */
const HANDED_FD = 3;
/** Nobody has asked for so long: it ends, and the next question has it started again. */
const IDLE_MS = 30_000;
/** Who has served so long, in microseconds, has not failed just now. */
const SERVED_US = 1_000_000;
/**
 * Answers for the upstreams where systemd runs the services, on a socket systemd listens on, until nobody asks any more.
 * `listed`: the file that names the units.
 */
export async function answerUnderSystemd(listed: string): Promise<void> {
  const idle = setTimeout(() => process.exit(0), IDLE_MS);
  await serveUpstreams(HANDED_FD, () => {
    idle.refresh();
    return look(JSON.parse(readFileSync(listed, "utf8")));
  });
}

async function look(upstreams: SystemdUpstreams): Promise<readonly Upstream[]> {
  const units = upstreams.flatMap(({ workers }) => workers.map(({ unit }) => unit));
  // Set for what a user's manager runs, and only for that.
  const seen = await showUnits(units, process.env["MANAGERPID"] === undefined ? "--system" : "--user");
  return upstreams.map(({ name, workers }) => ({
    name,
    workers: workers.map(({ socket, unit }) => ({ socket, status: statusOf(seen.get(unit) ?? {}) })),
  }));
}

/** systemd counts all restarts together: they are told as failures in a row while it does not serve. */
export function statusOf(seen: UnitProperties, nowUs = Number(process.hrtime.bigint() / 1000n)): PeerStatus {
  const pid = Number(seen["MainPID"] ?? 0);
  const restarts = Number(seen["NRestarts"] ?? 0);
  const state = stateOf(seen);
  const serves = state === "running" && nowUs - Number(seen["ActiveEnterTimestampMonotonic"] ?? 0) >= SERVED_US;
  return { state, ...(pid > 0 && { pid }), restarts, fails: serves ? 0 : restarts };
}

function stateOf({ ActiveState, SubState }: UnitProperties): PeerStatus["state"] {
  if (ActiveState === "active") return "running";
  if (SubState?.startsWith("auto-restart")) return "backoff";
  if (ActiveState === "activating") return "starting";
  return ActiveState === "deactivating" ? "stopping" : "stopped";
}
