import { type Checked, examine } from "../../system/doctor/doctor.ts";
import type { Finding } from "../../system/doctor/types.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { installRoot } from "../context.ts";
import { chosenModules } from "../lifecycle/modules.ts";
import { checkLine } from "../print/check.ts";

/** `metwork doctor [MODULE...]`: 1 when something is an error, else 0, also with warnings. */
export async function doctor(context: Context, given: Given): Promise<ExitCode> {
  const modules = chosenModules(context, given).map((module) => context.paths(module));
  const checks = await examine(installRoot, modules);
  const findings = checks.flatMap((check) => check.findings);
  const shown = given.flag("problems") ? checks.filter((check) => check.findings.length > 0) : checks;
  if (context.json) context.out(JSON.stringify(shown));
  else {
    for (const of of new Set(shown.map((check) => check.of))) {
      context.out(`${of}:`);
      for (const check of shown) if (check.of === of) context.out(lines(context, check));
    }
    context.err(summary(checks.length, findings));
  }
  return findings.some(({ state }) => state === "ERROR") ? 1 : 0;
}

function lines(context: Context, { title, findings }: Checked): string {
  if (findings.length === 0) return checkLine(context, { name: title, state: "OK" });
  return findings
    .map(({ state, message, place, fix }) =>
      checkLine(context, {
        name: title,
        state,
        message: place === undefined ? message : `${place}: ${message}`,
        ...(fix === undefined ? {} : { fix }),
      }),
    )
    .join("\n");
}

function summary(checks: number, findings: readonly Finding[]): string {
  const count = (state: Finding["state"]): number => findings.filter((finding) => finding.state === state).length;
  return `${checks} checks: ${count("ERROR")} errors, ${count("WARNING")} warnings, ${count("UNKNOWN")} could not be looked at`;
}
