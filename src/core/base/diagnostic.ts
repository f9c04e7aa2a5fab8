/** A place in a file the user can edit. Lines and columns start at 1. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly length: number;
}

/** Something the user should know, with its place and its remedy. */
export interface Diagnostic {
  readonly code: `MF${number}`;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly at?: Span;
  /** What the reader can do about it. */
  readonly fix?: string;
  /** The plugin it concerns; a plugin with an error is left out, the others go on. */
  readonly plugin?: string;
  readonly related?: readonly { readonly at: Span; readonly message: string }[];
}

/** Renders one diagnostic with the source line it points at, when the caller has that line's text. */
export function format(diagnostic: Diagnostic, sourceLine?: string): string {
  const head = `${diagnostic.severity}[${diagnostic.code}]: ${diagnostic.message}`;
  const { at } = diagnostic;
  const pad = " ".repeat(at === undefined ? 1 : String(at.line).length);
  const lines = [head];
  if (at !== undefined) {
    lines.push(`${pad}--> ${at.file}:${at.line}:${at.col}`);
    if (sourceLine !== undefined) {
      const indent = sourceLine.slice(0, at.col - 1).replace(/[^\t]/g, " ");
      lines.push(`${at.line} | ${sourceLine}`, `${pad} | ${indent}${"^".repeat(Math.max(1, at.length))}`);
    }
  }
  for (const other of diagnostic.related ?? []) {
    lines.push(`${pad} = note: ${other.message} (${other.at.file}:${other.at.line}:${other.at.col})`);
  }
  if (diagnostic.fix !== undefined) lines.push(`${pad} = help: ${diagnostic.fix}`);
  return lines.join("\n");
}
