/** Marks what is a module's in the crontab of its user; the predecessor's markers. */
const BEGINNING = "##### BEGINNING OF METWORK";
const END = "##### END OF METWORK";

/** A crontab with a module's blocks set apart from everybody else's lines. */
export interface SplitCrontab {
  /** All lines that are not the module's, byte for byte. */
  readonly others: string;
  /** The module's blocks, markers included, in their order. */
  readonly own: string;
  /** Blocks without an end, whose lines therefore count as somebody else's, by their names. */
  readonly unended: readonly string[];
}

/** Finds a module's blocks in a crontab. `text` may be any one-byte decoding of it, so that no byte is changed. */
export function splitCrontab(text: string, module: string): SplitCrontab {
  const mine = `${BEGINNING} ${module.toUpperCase()} `;
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const others: string[] = [];
  const own: string[] = [];
  const unended: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (!line.startsWith(mine)) {
      others.push(line);
      continue;
    }
    const end = endOf(lines, at);
    if (end === undefined) unended.push(nameOf(line));
    else {
      own.push(...lines.slice(at, end + 1));
      at = end;
    }
  }
  return { others: others.join(""), own: own.join(""), unended };
}

/** The crontab with the module's blocks replaced by `own`; the same text when they are in it as they are wanted. */
export function withBlocks(text: string, module: string, own: string): string {
  const split = splitCrontab(text, module);
  if (split.own === own && split.unended.length === 0) return text;
  if (own === "") return split.others;
  const before = split.others === "" || split.others.endsWith("\n") ? split.others : `${split.others}\n`;
  return before + own;
}

/** The block around a line (from 1) of a crontab: its name and text. undefined: the line is in none. */
export function blockAt(text: string, line: number): { readonly name: string; readonly text: string } | undefined {
  const lines = text.split("\n");
  for (let at = Math.min(line, lines.length) - 1; at >= 0; at--) {
    if (lines[at]?.startsWith(END) && at < line - 1) return undefined;
    if (!lines[at]?.startsWith(BEGINNING)) continue;
    const end = endOf(lines, at);
    return end === undefined
      ? undefined
      : { name: nameOf(lines[at] ?? ""), text: `${lines.slice(at, end + 1).join("\n")}\n` };
  }
  return undefined;
}

/** The name of the plugin a block belongs to; undefined: it is the module's own. */
export function pluginOfBlock(name: string): string | undefined {
  return /^METWORK \S+ PLUGIN (?<plugin>\S+) CRONTAB$/.exec(name)?.groups?.["plugin"];
}

/** The line that ends the block beginning at `at`: before any other block begins, with the same name. */
function endOf(lines: readonly string[], at: number): number | undefined {
  const name = nameOf(lines[at] ?? "");
  for (let end = at + 1; end < lines.length; end++) {
    const line = lines[end] ?? "";
    if (line.startsWith(BEGINNING)) return undefined;
    if (line.startsWith(END)) return nameOf(line) === name ? end : undefined;
  }
  return undefined;
}

function nameOf(marker: string): string {
  return marker.replace(/^##### (?:BEGINNING|END) OF /, "").replace(/ #####\s*$/, "");
}
