import { readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Plan, ServiceSpec } from "../../core/plan/types.ts";
import { run } from "../../kit/exec.ts";

const VERIFY_MS = 60_000;

/** Where systemd looks for units of the system and of a user, as far as an administrator links some there. */
function unitDirectories(env: NodeJS.ProcessEnv): readonly string[] {
  const own = env["XDG_CONFIG_HOME"] || join(env["HOME"] || "/", ".config");
  return ["/etc/systemd/system", join(own, "systemd", "user")];
}

/** Whether systemd runs the module: its target, in the tree in force, is linked where systemd looks. */
export function isRunBySystemd(plan: Plan, configAuto: string): boolean {
  const target = [...plan.tree.keys()].find((path) => path.startsWith("systemd/") && path.endsWith(".target"));
  if (target === undefined) return false;
  return unitDirectories(process.env).some((directory) => {
    try {
      return readlinkSync(join(directory, basename(target))) === join(configAuto, target);
    } catch {
      return false;
    }
  });
}

/**
 * Has systemd judge units of a staged tree; whatever it says is a refusal, since it exits with 0 over a value that it would
 * leave out. `units`: paths in the tree.
 */
export async function checkUnits(
  program: string,
  home: string,
  units: readonly string[],
  plan: Plan,
): Promise<readonly Diagnostic[]> {
  if (units.length === 0) return [];
  const names = units.map((unit) => join(home, unit.replace("@.", "@1.")));
  const verified = await run([program, "verify", "--man=no", ...names], {
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${join(home, "systemd")}:` },
    timeoutMs: VERIFY_MS,
  });
  const said = `${verified.stderr}\n${verified.stdout}`.split("\n").map((line) => line.trim());
  const lines = [...new Set(said)].filter((line) => line !== "");
  if (lines.length === 0 && verified.code !== 0) lines.push(`${program} ended with ${verified.code}`);
  return lines.map((line) => unitDiagnostic(line, home, plan));
}

function unitDiagnostic(line: string, home: string, { services, tree }: Plan): Diagnostic {
  const spec = Object.values(services).find(({ id }) => isAbout(line, id));
  const at = spec?.because[0];
  const [, unit = "", number] = /(systemd\/[^\s:]+):(\d+):/.exec(line) ?? [];
  const written = number === undefined ? undefined : tree.get(unit)?.text.split("\n")[Number(number) - 1];
  const quoted = written === undefined ? "" : ` (${written})`;
  return {
    code: "MF5006",
    severity: "error",
    message: `systemd refuses a unit of ${spec?.id ?? "the module"}: ${line.replaceAll(`${home}/`, "")}${quoted}`,
    ...(at !== undefined && { at }),
    ...(spec?.plugin !== undefined && { plugin: spec.plugin }),
    fix: spec === undefined ? "look at what the generated unit says there" : "correct the values of this section",
  };
}

/** Unit names end with the service's id, which holds no `@`. */
function isAbout(line: string, id: ServiceSpec["id"]): boolean {
  return ["@", ".service", ".socket"].some((end) => line.includes(`-${id}${end}`));
}
