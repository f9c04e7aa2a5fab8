import { hostname } from "node:os";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { hostChecks, moduleChecks, runModuleCheck } from "./checks/index.ts";
import { addressOf, gatherHostFacts } from "./gather/host.ts";
import { gatherModuleFacts } from "./gather/module.ts";
import { askRunning } from "./gather/running.ts";
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
  const [address, ...answers] = await Promise.all([
    addressOf(hostname()),
    ...modules.map(async (paths) => ({ paths, said: await askRunning(runtimeLayout(paths.runtime)) })),
  ]);
  const host = gatherHostFacts(root, address);
  const seen = await Promise.all(answers.map(({ paths, said }) => gatherModuleFacts(paths, said)));
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
