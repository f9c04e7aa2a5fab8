/** A line longer than this says the rest by its length. */
const WIDTH = 400;

/**
 * A text as a report has room for it: the first `head` and the last `tail` lines, each no longer than `width` characters, and how
 * much was left out between and behind them.
 */
export function cut(text: string, head: number, tail: number, width = WIDTH): string {
  const lines = text.trimEnd().split("\n");
  const left = lines.length - head - tail;
  const kept = left > 1 ? [...lines.slice(0, head), `[${left} lines left out]`, ...lines.slice(head + left)] : lines;
  return kept.map((line) => cutLine(line, width)).join("\n");
}

export function cutLine(line: string, width = WIDTH): string {
  return line.length <= width ? line : `${line.slice(0, width)} [${line.length - width} characters left out]`;
}
