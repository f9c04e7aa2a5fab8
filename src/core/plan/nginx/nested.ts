/** Whether a fragment brings locations of its own, which nginx allows in no location that is exact. */
export function holdsLocations(fragment: string): boolean {
  return withoutLocations(fragment) !== fragment;
}

/** A fragment without its `location` blocks; every other line stays on its line, for what nginx says about it. */
export function withoutLocations(fragment: string): string {
  let kept = "";
  for (let at = 0; at < fragment.length; ) {
    const end = /(?:^|[\s;}])$/.test(kept) && /^location[\s]/.test(fragment.slice(at)) ? blockEnd(fragment, at) : at;
    if (end > at) {
      kept += fragment.slice(at, end).replace(/[^\n]/g, "");
      at = end;
    } else {
      const next = tokenEnd(fragment, at);
      kept += fragment.slice(at, next);
      at = next;
    }
  }
  return kept;
}

/** Where the block that begins here ends; the same place when it never does. */
function blockEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at = tokenEnd(text, at)) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at + 1;
    else if (text[at] === ";" && depth === 0) return start;
  }
  return start;
}

/** The end of a comment, of a quoted text, of an escaped character, or of the one character. */
export function tokenEnd(text: string, at: number): number {
  const char = text[at];
  const startsWord = at === 0 || /[\s;{}]/.test(text[at - 1] ?? "");
  if (char === "\\") return at + 2;
  if (char === "#" && startsWord) return text.indexOf("\n", at) === -1 ? text.length : text.indexOf("\n", at);
  if ((char !== '"' && char !== "'") || !startsWord) return at + 1;
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === char) return end + 1;
  }
  return text.length;
}
