import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Programs } from "../../core/module/host.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { errorLogOptions } from "../../core/plan/nginx/kept.ts";
import type { Manifest } from "../../core/plan/types.ts";
import { run } from "../../kit/exec.ts";
import { nginxDiagnostic, type Suspects } from "./blame.ts";
import { checkUnits, isRunBySystemd } from "./check-units.ts";

/** Lets the programs that will read a staged tree judge it: of units those that differ from the tree in force. */
export async function checkStaged(
  home: string,
  suspects: Suspects,
  programs: Programs,
  layout: RuntimeLayout,
  current?: Manifest,
): Promise<readonly Diagnostic[]> {
  const notes: Diagnostic[] = [];
  for (const [path, file] of suspects.plan.tree) {
    if (file.check === "nginx" && programs.nginx !== undefined) {
      const asked = [programs.nginx, ...errorLogOptions(programs)] as const;
      const lines = await nginxErrors(asked, join(home, path), layout);
      notes.push(...lines.map((line) => nginxDiagnostic(line, home, suspects)));
    }
  }
  const { systemdAnalyze } = programs;
  const { plan } = suspects;
  if (systemdAnalyze !== undefined && isRunBySystemd(plan, layout.configAuto)) {
    const units = [...plan.tree].flatMap(([path, { check }]) => {
      return check === "systemd" && plan.digests[path] !== current?.files[path] ? [path] : [];
    });
    notes.push(...(await checkUnits(systemdAnalyze, home, units, plan)));
  }
  return notes;
}

async function nginxErrors(
  nginx: readonly [string, ...string[]],
  file: string,
  layout: RuntimeLayout,
): Promise<readonly string[]> {
  const prefix = join(layout.tmp, "nginx_tmp_prefix");
  await mkdir(join(prefix, "logs"), { recursive: true, mode: 0o700 });
  const checked = await run([...nginx, "-t", "-q", "-p", prefix, "-c", file], { timeoutMs: 30_000 });
  if (checked.code === 0) return [];
  const lines = checked.stderr.split("\n").filter((line) => /\[(emerg|alert|crit|error)\]/.test(line));
  return lines.length > 0 ? lines : [checked.stderr.trim()];
}
