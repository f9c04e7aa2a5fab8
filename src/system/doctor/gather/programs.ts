import { existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { runnable } from "../../../core/plan/services.ts";
import type { Plan } from "../../../core/plan/types.ts";
import { hasMagic } from "../../../kit/linux/magic.ts";
import { findProgram } from "../../supervise/command.ts";
import type { CommandFault, Helper } from "../types.ts";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Whether the programs and libraries are there that no plan names. */
export function gatherHelpers(path = SYSTEM_PATH): Readonly<Record<Helper, boolean>> {
  const has = (...names: readonly string[]): boolean => names.some((name) => findProgram(name, path) !== undefined);
  return { prlimit: has("prlimit"), setpriv: has("setpriv"), cron: has("cron", "crond"), libmagic: hasMagic() };
}

/** The planned services whose command is not there or may not be run. */
export function gatherCommands(plan: Plan): readonly CommandFault[] {
  return Object.values(plan.services).flatMap((spec) => {
    const [program] = spec.argv;
    const path = runnable(plan, spec).env["PATH"];
    if (findProgram(program, path) !== undefined) return [];
    const file = candidates(program, path, spec.cwd).find(isFile);
    const [at] = spec.because;
    return [
      {
        service: spec.id,
        program,
        ...(spec.plugin === undefined ? {} : { plugin: spec.plugin }),
        ...(at === undefined ? {} : { place: `${at.file}:${at.line}:${at.col}` }),
        ...(file === undefined ? {} : { file }),
      },
    ];
  });
}

function candidates(program: string, path: string | undefined, cwd: string): readonly string[] {
  if (program.includes("/")) return [isAbsolute(program) ? program : join(cwd, program)];
  return (path ?? "/usr/bin:/bin").split(delimiter).map((directory) => join(directory, program));
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
