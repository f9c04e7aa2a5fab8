import type { Diagnostic, Span } from "../base/diagnostic.ts";
import type { ModuleName } from "../module/paths.ts";

const NAME = /^[A-Za-z0-9_-]+$/;
const RESERVED: readonly string[] = ["base", "config"];

/** Says what is wrong with a plugin's name, or nothing. */
export function checkPluginName(name: string, at?: Span): Diagnostic | undefined {
  const problem = nameProblem(name);
  if (problem === undefined) return undefined;
  return {
    code: "MF3001",
    severity: "error",
    message: `${JSON.stringify(name)} cannot be a plugin's name: ${problem}`,
    ...(at === undefined ? {} : { at }),
    fix: "use letters, digits, `_` and `-`",
  };
}

function nameProblem(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (!NAME.test(name)) return "it holds a character that is not a letter, a digit, `_` or `-`";
  if (name.startsWith("plugin_")) return "it starts with `plugin_`, which labels put before names";
  if (name.startsWith("__")) return "names starting with `__` are kept for the module";
  if (RESERVED.includes(name)) return "this name is kept for the module";
  if (name.length > 64) return "it is longer than 64 characters";
  return undefined;
}

/** The label of a plugin's layer: `plugin_<name>@<mod>`. */
export function pluginLabel(name: string, module: ModuleName): string {
  return `plugin_${name}@${module}`;
}

/** Takes a plugin's name out of its label, or says why it is not the label of a plugin of this module. */
export function pluginNameOf(label: string, module: ModuleName, at: Span): { name: string } | { note: Diagnostic } {
  const match = /^plugin_(?<name>.*)@(?<module>[^@]*)$/s.exec(label);
  const name = match?.groups?.["name"];
  if (name === undefined || match?.groups?.["module"] !== module) {
    return {
      note: {
        code: "MF3002",
        severity: "error",
        message: `${JSON.stringify(label)} is not the label of a plugin of ${module}`,
        at,
        fix: `write \`plugin_<name>@${module}\``,
      },
    };
  }
  const note = checkPluginName(name, at);
  return note === undefined ? { name } : { note };
}
