import type { PluginMetadata } from "../../core/plugin/archive.ts";
import { buildHash, inspectPlugin, type PluginInfo } from "../../system/plugins/inspect.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { table } from "../print/table.ts";
import { moduleAtHand } from "./module.ts";

const ROWS: readonly (readonly [label: string, field: keyof PluginMetadata])[] = [
  ["Version", "version"],
  ["Release", "release"],
  ["Summary", "summary"],
  ["Size", "size"],
  ["Build Host", "build_host"],
  ["Build Date", "build_date"],
  ["License", "license"],
  ["Maintainer", "packager"],
  ["Vendor", "vendor"],
  ["URL", "url"],
];

/** `plugins.info`. */
export async function info(context: Context, given: Given): Promise<ExitCode> {
  const found = await find(context, given);
  if (found === undefined) return 1;
  if (given.flag("just-home")) {
    if (found.home === undefined) return 1;
    context.out(found.home);
    return 0;
  }
  if (context.json) {
    context.out(JSON.stringify(found, null, 2));
    return 0;
  }
  const rows = ROWS.map(([label, field]) => [label, found.metadata[field] ?? "unknown"]);
  context.out(table(`Plugin ${found.name}`, ["Field", "Value"], [["Name", found.name], ...rows]));
  context.out("Files:");
  for (const file of found.files) context.out(`- ${file}`);
  return 0;
}

/** `plugins.hash`. */
export async function hash(context: Context, given: Given): Promise<ExitCode> {
  const found = await find(context, given);
  if (found === undefined) return 1;
  const value = buildHash(found.metadata);
  context.out(context.json ? JSON.stringify({ name: found.name, hash: value }) : value);
  return 0;
}

async function find(context: Context, given: Given): Promise<PluginInfo | undefined> {
  const module = await moduleAtHand(context, given);
  if (module === undefined) return undefined;
  const inspected = await inspectPlugin(module.paths, module.env, given.args[0] ?? "");
  if (inspected.ok) return inspected.value;
  printDiagnostics(context, inspected.notes);
  return undefined;
}
