import { guarded, type Matches } from "./regex.ts";

/** Shell glob as Python's `fnmatch`: case-sensitive, whole value, `*` and `?` match line breaks too. */
export function glob(pattern: string): Matches {
  if (!/[*?[]/.test(pattern)) return (value) => value === pattern;
  const head = /^([^*?[]*)\*$/.exec(pattern)?.[1];
  if (head !== undefined) return (value) => value.startsWith(head);
  const source = globSource(pattern);
  const regex = new RegExp(`^${source}$`, "s");
  return guarded((value) => regex.test(value), pattern.split("*").length - 1, `(?s)${source}\\z`);
}

function globSource(pattern: string): string {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === "*") source += ".*";
    else if (char === "?") source += ".";
    else if (char === "[") {
      const end = classEnd(pattern, at);
      if (end === -1) source += "\\[";
      else {
        source += classSource(pattern.slice(at + 1, end));
        at = end;
      }
    } else source += char.replace(/[\\^$.|+(){}\]/-]/, "\\$&");
  }
  return source;
}

/** A `]` that comes first (after `!`) belongs to the class. */
function classEnd(pattern: string, start: number): number {
  const first = start + (pattern[start + 1] === "!" ? 2 : 1);
  return pattern.indexOf("]", first + 1);
}

function classSource(body: string): string {
  const negated = body.startsWith("!");
  const members = body.slice(negated ? 1 : 0).replace(/[\\\]^[]/g, "\\$&");
  const ordered = members.replace(/(\\?.)-(\\?.)/gs, (range, low: string, high: string) =>
    low.slice(-1) <= high.slice(-1) ? range : "",
  );
  if (ordered === "") return negated ? "[\\s\\S]" : "(?!)";
  return `[${negated ? "^" : ""}${ordered}]`;
}
