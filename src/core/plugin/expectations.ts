import type { Diagnostic } from "../base/diagnostic.ts";
import type { MergedSection } from "../config/merge.ts";
import type { Expectation } from "../expect/types.ts";
import { SECTIONS } from "./options.ts";
import { readSection } from "./section.ts";
import { splitWords } from "./shlex.ts";

/** Reads an `[expect_NAME]` section. Undefined, and noted, when its command cannot be split. */
export function readExpectation(
  section: MergedSection,
  name: string,
  { plugin, home }: { readonly plugin: string; readonly home: string },
  notes: Diagnostic[],
): Expectation | undefined {
  const values = readSection(section, SECTIONS.mfdata.expect, notes);
  const command = splitWords(values.command);
  if (!command.ok) {
    notes.push({
      code: "MF3059",
      severity: "error",
      message: `[${section.name}] command has a quote that is never closed`,
      at: section.keys.get("command")?.at ?? section.at,
      fix: "close the quote",
    });
    return undefined;
  }
  return {
    plugin,
    name,
    home,
    match: values.match,
    directory: values.directory,
    schedule: values.schedule,
    count: Math.max(1, values.count),
    graceS: Math.max(0, values.grace),
    command: command.words.map(({ text }) => text),
  };
}
