import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Programs } from "../../core/module/host.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import type { Plan } from "../../core/plan/types.ts";
import { run } from "../../kit/exec.ts";

/** Lets the programs that will read a staged tree judge it. A line of nginx's that names no place is about the whole file. */
export async function checkStaged(
  home: string,
  plan: Plan,
  programs: Programs,
  layout: RuntimeLayout,
): Promise<readonly Diagnostic[]> {
  const notes: Diagnostic[] = [];
  for (const [path, file] of plan.tree) {
    if (file.check === "nginx" && programs.nginx !== undefined) {
      notes.push(...(await checkNginx(programs.nginx, join(home, path), layout)));
    }
  }
  return notes;
}

async function checkNginx(nginx: string, file: string, layout: RuntimeLayout): Promise<readonly Diagnostic[]> {
  const prefix = join(layout.tmp, "nginx_tmp_prefix");
  await mkdir(join(prefix, "logs"), { recursive: true, mode: 0o700 });
  const checked = await run([nginx, "-t", "-q", "-p", prefix, "-c", file, "-e", "stderr"], { timeoutMs: 30_000 });
  if (checked.code === 0) return [];
  const lines = checked.stderr.split("\n").filter((line) => /\[(emerg|alert|crit|error)\]/.test(line));
  return (lines.length > 0 ? lines : [checked.stderr.trim()]).map((line) => nginxDiagnostic(line));
}

/** Turns `nginx: [emerg] unknown directive "x" in /path/nginx.conf:12` into a diagnostic at that place. */
function nginxDiagnostic(line: string): Diagnostic {
  const found = /^(?:nginx: )?\[(?<level>\w+)\] (?<text>.*?)(?: in (?<file>\/\S+):(?<line>\d+))?$/.exec(line.trim());
  const { text, file, line: at } = found?.groups ?? {};
  return {
    code: "MF5001",
    severity: "error",
    message: `nginx refuses the generated configuration: ${text ?? line}`,
    ...(file === undefined ? {} : { at: { file, line: Number(at), col: 1, length: 1 } }),
    fix: "look for the plugin named above that line; its nginx fragment or its routes cause it",
  };
}
