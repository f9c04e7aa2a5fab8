import { hasErrors } from "../../core/base/result.ts";
import { gatherHost } from "../../system/host/host.ts";
import { readConfig } from "../../system/load/config.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { chosenModule } from "../lifecycle/modules.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { claimsOf, columns } from "./describe.ts";

/** `metwork config list [MODULE]`: every option, its value, and the line that set it. Exit 1 when some have none. */
export async function list(context: Context, given: Given): Promise<ExitCode> {
  const module = chosenModule(context, given);
  const { resolved, configurationName, notes } = readConfig(context.paths(module), gatherHost(), context.env);
  const exit: ExitCode = hasErrors(notes) ? 1 : 0;
  const options = [...resolved.values]
    .filter(([, { origin }]) => !given.flag("changed") || origin === "user" || origin === "site")
    .map(([key, value]) => ({
      key,
      value: value.value,
      shown: resolved.texts.get(key),
      ...claimsOf(value, configurationName)[0],
    }));
  if (context.json) {
    context.out(JSON.stringify({ module, configuration: configurationName, options, notes }));
    return exit;
  }
  const rows = options.map(({ key, shown, origin, at }) => [`${key} = ${shown}`, origin, at ?? "(built in)"]);
  for (const line of columns(rows)) context.out(line);
  printDiagnostics(context, notes);
  return exit;
}
