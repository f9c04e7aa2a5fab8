import type { Diagnostic, Span } from "../../base/diagnostic.ts";
import { sectionOf } from "../../plugin/command.ts";
import type { Part, Plugin } from "../../plugin/types.ts";
import { networkProgram, programSettings } from "./programs.ts";

/** Why a part that is one of the network programs cannot run: what is wrong with its `[custom]` keys, where. */
export function networkMistakes(argv: readonly string[], part: Part, plugin: Plugin): readonly Diagnostic[] {
  const program = networkProgram(argv, part.kind);
  if (program === undefined) return [];
  const { problems } = programSettings(program, (key) => plugin.settings[`CUSTOM_${key.toUpperCase()}`]);
  return problems.map(({ key, message }) => ({
    code: "MF7020",
    severity: "warning",
    message: `[${sectionOf(part)}] of ${plugin.name} does not run: ${key} ${message}`,
    at: lineOf(plugin, `custom.${key}`) ?? part.at,
    plugin: plugin.name,
    fix: `set it under [custom] in config/plugins/${plugin.name}.ini${part.kind === "step" ? "; until then its files wait" : ""}`,
  }));
}

function lineOf({ written }: Plugin, name: string): Span | undefined {
  const [, index, line = 1] = written.keys[name] ?? [];
  const file = index === undefined ? undefined : written.files[index];
  return file === undefined ? undefined : { file, line, col: 1, length: 1 };
}
