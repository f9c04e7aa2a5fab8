import type { ModulePaths } from "../../core/module/paths.ts";
import { hostChecks, moduleChecks, runModuleCheck } from "./checks/index.ts";
import { gatherHostFacts } from "./gather/host.ts";
import { gatherModuleFacts } from "./gather/module.ts";
import type { Finding } from "./types.ts";

/** One check and what it found; no findings: all is well. */
export interface Checked {
  /** The module, or `host`. */
  readonly of: string;
  readonly id: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** Looks at the machine and the modules, running or not, and judges what was seen. Changes nothing; needs no root. */
export async function examine(root: string, modules: readonly ModulePaths[]): Promise<readonly Checked[]> {
  const [host, ...seen] = await Promise.all([gatherHostFacts(root), ...modules.map(gatherModuleFacts)]);
  const ofHost = hostChecks.map(({ run, ...check }) => ({ of: "host", ...check, findings: run(host) }));
  const ofModules = seen.flatMap((module) =>
    moduleChecks.map((check) => ({
      of: module.paths.module,
      id: check.id,
      title: check.title,
      findings: runModuleCheck(check, module, host),
    })),
  );
  return [...ofHost, ...ofModules].flatMap(({ findings, ...check }) =>
    findings === undefined ? [] : [{ ...check, findings }],
  );
}
