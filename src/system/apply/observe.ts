import { digestOf } from "../../core/plan/digest.ts";
import { runnable } from "../../core/plan/services.ts";
import type { Manifest } from "../../core/plan/types.ts";
import type { Supervisor } from "../supervisor.ts";

const NOTHING: Manifest = { id: "", files: {}, environments: {}, services: {} };

/** The manifest in force, reduced to the services that really run, and with those that should not. */
export async function observe(current: Manifest | undefined, supervisor: Supervisor | undefined): Promise<Manifest> {
  const manifest = current ?? NOTHING;
  if (supervisor === undefined) return manifest;
  const services: Record<string, Manifest["services"][string]> = {};
  for (const running of await supervisor.list()) {
    const spec = manifest.services[running.id];
    if (spec === undefined || running.digest !== digestOf(runnable(manifest, spec))) {
      services[running.id] = foreign(running.id, running.plugin);
    } else services[running.id] = spec;
  }
  return { ...manifest, services };
}

/** Stands for a running service that is not what the generation in force says: it differs from whatever comes next. */
export function foreign(id: string, plugin: string | undefined): Manifest["services"][string] {
  return {
    id,
    ...(plugin === undefined ? {} : { plugin }),
    argv: ["unknown"],
    cwd: "/",
    environments: [],
    env: {},
    instances: 0,
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: 0 },
    maxAgeS: 0,
    limits: {},
    log: { stdout: "/dev/null" },
    reads: [],
    onChange: "restart",
    tier: 0,
    because: [],
  };
}
