import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import type { Context } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** The caller's own environment inside mfdata_wrapper, else the one its configuration gives. */
export async function dataEnvironment(
  context: Context,
): Promise<Readonly<Record<string, string | undefined>> | undefined> {
  if (context.env["MFDATA_DATA_IN_DIR"]) return context.env;
  const loaded = await loadConfig(context.paths("mfdata"), gatherHost());
  if (loaded.ok) return loaded.value.env;
  printDiagnostics(context, loaded.notes);
  return undefined;
}
