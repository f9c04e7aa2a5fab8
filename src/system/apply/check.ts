import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
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
      const lines = await nginxErrors(programs.nginx, join(home, path), layout);
      notes.push(...lines.map((line) => nginxDiagnostic(line, home, plan)));
    }
  }
  return notes;
}

async function nginxErrors(nginx: string, file: string, layout: RuntimeLayout): Promise<readonly string[]> {
  const prefix = join(layout.tmp, "nginx_tmp_prefix");
  await mkdir(join(prefix, "logs"), { recursive: true, mode: 0o700 });
  const checked = await run([nginx, "-t", "-q", "-p", prefix, "-c", file, "-e", "stderr"], { timeoutMs: 30_000 });
  if (checked.code === 0) return [];
  const lines = checked.stderr.split("\n").filter((line) => /\[(emerg|alert|crit|error)\]/.test(line));
  return lines.length > 0 ? lines : [checked.stderr.trim()];
}

/** Turns `nginx: [emerg] unknown directive "x" in /path/x.conf:12` into a diagnostic, at the plugin's own file if it is one. */
function nginxDiagnostic(line: string, home: string, plan: Plan): Diagnostic {
  const found = /^(?:nginx: )?\[\w+\] (?<text>.*?)(?: in (?<file>\/\S+):(?<line>\d+))?$/.exec(line.trim())?.groups;
  const file = found?.["file"];
  const from = file === undefined ? undefined : plan.tree.get(relative(home, file))?.from;
  const place = from?.file ?? file;
  return {
    code: "MF5001",
    severity: "error",
    message: `nginx refuses ${from === undefined ? "the generated configuration" : "this fragment"}: ${found?.["text"] ?? line}`,
    ...(place === undefined ? {} : { at: { file: place, line: Number(found?.["line"]), col: 1, length: 1 } }),
    ...(from === undefined ? {} : { plugin: from.plugin }),
    fix:
      from === undefined
        ? "look at what the generated file says there"
        : "correct the fragment; its plugin is left out until then",
  };
}
