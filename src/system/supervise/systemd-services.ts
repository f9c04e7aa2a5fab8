import type { ModuleName } from "../../core/module/paths.ts";
import { hasUnit, processUnits } from "../../core/plan/files/unit-names.ts";
import type { Manifest } from "../../core/plan/types.ts";
import type { ServiceStatus } from "../supervisor.ts";
import { showUnits, type UnitProperties } from "./systemd-units.ts";
import { statusOf } from "./systemd-upstreams.ts";

/**
 * What systemd runs of a module's services: the machine's, else the user's. undefined: it runs none of them, or there is
 * none that answers.
 */
export async function systemdServices(
  services: Manifest["services"],
  module: ModuleName,
): Promise<readonly ServiceStatus[] | undefined> {
  const specs = Object.values(services).filter(hasUnit);
  const units = specs.flatMap((spec) => processUnits(spec, module));
  for (const manager of ["--system", "--user"] as const) {
    const seen = await showUnits(units, manager);
    if ([...seen.values()].some(({ ActiveState }) => ActiveState !== "inactive"))
      return specs.map((spec) => serviceOf(spec, module, seen));
  }
  return undefined;
}

function serviceOf(
  spec: Manifest["services"][string],
  module: ModuleName,
  seen: ReadonlyMap<string, UnitProperties>,
): ServiceStatus {
  const instances = processUnits(spec, module).map((unit, index) => {
    const properties = seen.get(unit) ?? {};
    const { state, pid, restarts = 0, fails = 0 } = statusOf(properties);
    const { Result: result = "success" } = properties;
    return {
      instance: index + 1,
      state,
      restarts,
      fails,
      ...(pid !== undefined && { pid }),
      ...(result !== "success" && { lastEnd: result }),
    };
  });
  // systemd does not say which spec it was given.
  return { id: spec.id, ...(spec.plugin !== undefined && { plugin: spec.plugin }), digest: "", instances };
}
