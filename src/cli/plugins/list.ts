import { listPlugins, type PluginRow } from "../../system/plugins/inspect.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { table } from "../print/table.ts";
import { moduleAtHand } from "./module.ts";

/** `plugins.list`. */
export async function list(context: Context, given: Given): Promise<ExitCode> {
  if (given.flag("raw") && context.json) {
    context.err("error[MF8011]: --raw and --json exclude each other");
    return 1;
  }
  const module = await moduleAtHand(context, given);
  if (module === undefined) return 1;
  const rows = await listPlugins(module.paths, module.env);
  if (context.json) context.out(JSON.stringify(rows, null, 2));
  else if (given.flag("raw")) {
    for (const { name, version, release, home } of rows) context.out([name, version, release, home].join("~~~"));
  } else {
    const ill = rows.some((row) => row.quarantine !== undefined);
    const columns = ["Name", "Version", "Release", "Home", ...(ill ? ["Quarantine"] : [])];
    const cells = rows.map((row) => [row.name, row.version, row.release, row.home, ...(ill ? [markOf(row)] : [])]);
    context.out(table(`Installed plugins (${rows.length})`, columns, cells));
    printDiagnostics(
      context,
      rows.flatMap((row) => row.quarantine?.reason ?? []),
    );
  }
  return 0;
}

function markOf({ quarantine }: PluginRow): string {
  if (quarantine === undefined) return "";
  return quarantine.state === "kept" ? "last good version serves" : "left out";
}
