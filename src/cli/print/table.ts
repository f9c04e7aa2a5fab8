/** A table with box drawing, its title centred above it; the look of the predecessor's, which scripts cut by columns. */
export function table(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(...[column, ...rows.map((row) => row[index] ?? "")].map(width)),
  );
  const line = (left: string, fill: string, between: string, right: string): string =>
    left + widths.map((size) => fill.repeat(size + 2)).join(between) + right;
  const cells = (row: readonly string[], bar: string): string =>
    bar + widths.map((size, index) => ` ${pad(row[index] ?? "", size)} `).join(bar) + bar;
  const top = line("┏", "━", "┳", "┓");
  return [
    " ".repeat(Math.max(0, Math.floor((top.length - width(title)) / 2))) + title,
    top,
    cells(columns, "┃"),
    line("┡", "━", "╇", "┩"),
    ...rows.map((row) => cells(row, "│")),
    line("└", "─", "┴", "┘"),
  ].join("\n");
}

function width(text: string): number {
  return [...text].length;
}

function pad(text: string, size: number): string {
  return text + " ".repeat(Math.max(0, size - width(text)));
}
