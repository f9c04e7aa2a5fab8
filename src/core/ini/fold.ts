import type { IniEntry, IniFile } from "./types.ts";

/**
 * Writes the entries of `above` into the text of the file below it: values replaced where they stand, new keys under their
 * section's header, new sections at the end. Everything else, comments included, stays as it is. `ini` is `text`, read.
 */
export function foldInto(text: string, ini: IniFile, above: readonly IniEntry[]): string {
  const lines: (string | undefined)[] = text.split("\n");
  const added = new Map<string, string[]>();
  for (const entry of above) {
    const own = ini.entries.find((one) => isSame(one, entry));
    if (own === undefined) added.set(entry.section, [...(added.get(entry.section) ?? []), written(entry)]);
    else {
      const [first, last] = [own.keyAt.line - 1, own.valueAt.line - 1 + own.value.split("\n").length - 1];
      for (let line = first; line <= last; line++) lines[line] = line === first ? written(entry) : undefined;
    }
  }
  for (const [section, texts] of added) {
    const header = ini.sections.get(section);
    if (header === undefined) lines.push(`[${section}]`, ...texts, "");
    else lines[header.line - 1] = [lines[header.line - 1], ...texts].join("\n");
  }
  return lines.filter((line) => line !== undefined).join("\n");
}

function isSame(a: IniEntry, b: IniEntry): boolean {
  return a.section === b.section && a.key === b.key && a.variant?.toLowerCase() === b.variant?.toLowerCase();
}

function written({ key, variant, value }: IniEntry): string {
  return `${key}${variant === undefined ? "" : `[${variant}]`} = ${value.replaceAll("\n", "\n    ")}`.trimEnd();
}
