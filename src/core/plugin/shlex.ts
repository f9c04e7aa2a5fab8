/** A word of a command line, and where it starts in it (from 0). */
export interface Word {
  readonly text: string;
  readonly start: number;
}

export type Words =
  | { readonly ok: true; readonly words: readonly Word[] }
  | { readonly ok: false; readonly at: number };

/**
 * Splits a command line into words as a POSIX shell would, with quotes and backslashes and nothing else: no variables,
 * globs, operators or comments. On a quote that is never closed, or a backslash at the end, `at` is its offset.
 */
export function splitWords(line: string): Words {
  const words: Word[] = [];
  let position = 0;
  while (position < line.length) {
    if (/\s/.test(line.charAt(position))) {
      position++;
      continue;
    }
    const word = readWord(line, position);
    if ("at" in word) return { ok: false, at: word.at };
    words.push({ text: word.text, start: position });
    position = word.end;
  }
  return { ok: true, words };
}

function readWord(line: string, start: number): { text: string; end: number } | { at: number } {
  let text = "";
  let position = start;
  while (position < line.length) {
    const char = line.charAt(position);
    if (/\s/.test(char)) break;
    if (char === "'" || char === '"') {
      const quoted = readQuoted(line, position);
      if (quoted === undefined) return { at: position };
      text += quoted.text;
      position = quoted.end;
    } else if (char === "\\") {
      if (position + 1 >= line.length) return { at: position };
      text += line.charAt(position + 1);
      position += 2;
    } else {
      text += char;
      position++;
    }
  }
  return { text, end: position };
}

/** Inside double quotes a backslash escapes only the quote and itself; inside single quotes nothing. */
function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line.charAt(start);
  let text = "";
  for (let position = start + 1; position < line.length; position++) {
    const char = line.charAt(position);
    if (char === quote) return { text, end: position + 1 };
    const next = line.charAt(position + 1);
    if (quote === '"' && char === "\\" && (next === '"' || next === "\\")) {
      text += next;
      position++;
    } else {
      text += char;
    }
  }
  return undefined;
}
