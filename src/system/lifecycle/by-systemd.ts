import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { currentManifest } from "../apply/generations.ts";
import { systemdServices } from "../supervise/systemd-services.ts";

/** Why a module is not started or stopped here: units run its services. undefined: they do not. */
export async function runBySystemd(paths: ModulePaths): Promise<Diagnostic | undefined> {
  const layout = runtimeLayout(paths.runtime);
  if (exists(layout.supervisorSocket)) return undefined;
  const manifest = await currentManifest(layout);
  if (manifest === undefined || (await systemdServices(manifest.services, paths.module)) === undefined)
    return undefined;
  return {
    code: "MF6023",
    severity: "error",
    message: `systemd runs the services of ${paths.module}: they would be there twice, or lose their sockets`,
    fix: `systemctl start|stop metwork-${paths.module}-services.target`,
  };
}
