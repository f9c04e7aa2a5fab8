import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { chosenModules } from "../lifecycle/modules.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** `metwork config check [MODULE...]`: every mistake in the modules' configuration. Exit 1 when one is an error. */
export async function check(context: Context, given: Given): Promise<ExitCode> {
  const host = gatherHost();
  const modules = chosenModules(context, given);
  const loaded = await Promise.all(
    modules.map(async (module) => ({ module, config: await loadConfig(context.paths(module), host, context.env) })),
  );
  const notes = loaded.flatMap(({ config }) => config.notes);
  if (context.json) {
    const results = loaded.map(({ module, config }) => ({
      module,
      ok: config.ok,
      notes: config.notes,
      inputs: config.inputs,
    }));
    context.out(JSON.stringify(results));
  } else {
    printDiagnostics(context, notes);
    for (const { module, config } of loaded) context.out(`${module}: ${config.ok ? "ok" : "has errors"}`);
  }
  return loaded.every(({ config }) => config.ok) ? 0 : 1;
}
