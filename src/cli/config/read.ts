import { resolve } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { expand, modernise } from "../../core/base/jinja.ts";
import { hasErrors } from "../../core/base/result.ts";
import { type Merged, mergeIni } from "../../core/config/merge.ts";
import { MODULE_DIALECT } from "../../core/ini/dialects.ts";
import { readIni } from "../../system/load/ini.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** `config.py PATH [SECTION [OPTION [CONFIG]]]`: what one ini file says, templates filled from the caller's environment. */
export async function read(context: Context, given: Given): Promise<ExitCode> {
  const [path = "", section, option, configuration] = given.args;
  const file = resolve(context.cwd, path);
  const ini = readIni(file, MODULE_DIALECT);
  if (ini === undefined) return refuse(context, `there is no file ${file}`);
  const merged = mergeIni([{ origin: "user", ini }], configuration ?? context.env["MFCONFIG"] ?? "GENERIC");
  if (hasErrors(merged.notes)) {
    printDiagnostics(context, merged.notes);
    return 1;
  }
  const found = section === undefined ? filled(merged) : keysOf(merged, section);
  if (found === undefined) return refuse(context, `there is no section [${section}] in ${file}`);
  if (option === undefined) return print(context, found);
  const written = merged.sections.get(section ?? "")?.keys.get(option.toLowerCase());
  if (written === undefined) return refuse(context, `there is no option \`${option}\` in [${section}] of ${file}`);
  const variables = Object.fromEntries(Object.entries(context.env).map(([name, value]) => [name, value ?? ""]));
  const expansion = expand(modernise(written.raw), variables, "empty");
  if (!expansion.ok) return refuse(context, `the template cannot be rendered: ${expansion.message}`, written.at);
  return print(context, [expansion.text]);
}

function filled({ sections }: Merged): readonly string[] {
  return [...sections.values()].filter(({ keys }) => keys.size > 0).map(({ name }) => name);
}

function keysOf({ sections }: Merged, section: string): readonly string[] | undefined {
  const keys = sections.get(section)?.keys;
  return keys === undefined || keys.size === 0 ? undefined : [...keys.keys()];
}

function print(context: Context, lines: readonly string[]): ExitCode {
  if (context.json) context.out(JSON.stringify(lines));
  else for (const line of lines) context.out(line);
  return 0;
}

function refuse(context: Context, message: string, at?: Diagnostic["at"]): ExitCode {
  printDiagnostics(context, [{ code: "MF8040", severity: "error", message, ...(at === undefined ? {} : { at }) }]);
  return 1;
}
