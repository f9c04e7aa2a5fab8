/** What one value of `$extra_log_format` adds to a line. */
export interface Members {
  readonly names: readonly string[];
  /** Within single quotes of nginx, from the first comma on. */
  readonly text: string;
  /** What `$metwork_extra_1` and so on are set to, as words of nginx. */
  readonly values: readonly string[];
}

/** Stand for variables while the rest is read as JSON: within a text, and for a value of its own. */
const INNER = "\uE000";
const WHOLE = "\uE001";
const PRIVATE = /[\uE000-\uF8FF]/u;
const VARIABLE = /^\$(?:\{(?<braced>[A-Za-z0-9_]+)\}|(?<bare>[A-Za-z0-9_]+))/;
/** nginx has no way to write others in a word. */
const UNWRITABLE = /(?![\t\n\r])\p{Cc}/u;

/** Undefined: it is no list of JSON members, each after a comma, whose variables are values or within texts. */
export function membersOf(value: string): Members | undefined {
  if (value.trim() === "") return { names: [], text: "", values: [] };
  const marked = marks(value);
  if (marked === undefined || !/^\s*,/.test(marked.text)) return undefined;
  let members: unknown;
  try {
    members = JSON.parse(`{${marked.text.replace(",", "")}}`);
  } catch {
    return undefined;
  }
  const entries = Object.entries(members as Record<string, unknown>);
  const values: string[] = [];
  const written: string[] = [];
  for (const [name, member] of entries) {
    const text = PRIVATE.test(name) ? undefined : write(member, marked.variables, values);
    if (text === undefined) return undefined;
    written.push(`, ${literal(JSON.stringify(name))}: ${text}`);
  }
  return { names: entries.map(([name]) => name), text: written.join(""), values };
}

/** What makes a request's line of that form, with the values as they are now; what Lua makes of the variable later counts. */
export function setDirective(id: string, values: readonly string[]): string {
  const sets = values.map((word, index) => ` set $metwork_extra_${index + 1} ${word};`);
  return `set $extra_log_format ""; set $metwork_extra "${id}";${sets.join("")}`;
}

function marks(value: string): { readonly text: string; readonly variables: readonly string[] } | undefined {
  if (PRIVATE.test(value)) return undefined;
  const variables: string[] = [];
  let text = "";
  let inside = false;
  for (let at = 0; at < value.length; ) {
    const char = value[at] ?? "";
    const found = char === "$" ? VARIABLE.exec(value.slice(at)) : null;
    if (char === "$" && found === null) return undefined;
    if (found !== null) {
      const mark = (inside ? INNER : WHOLE) + String.fromCodePoint(0xf000 + variables.length);
      variables.push(found.groups?.["braced"] ?? found.groups?.["bare"] ?? "");
      text += inside ? mark : `"${mark}"`;
      at += found[0].length;
      continue;
    }
    const escaped = inside && char === "\\";
    text += escaped ? value.slice(at, at + 2) : char;
    if (char === '"') inside = !inside;
    at += escaped ? 2 : 1;
  }
  return { text, variables };
}

/** A value as text of a log format; what has variables becomes one of `values`. */
function write(value: unknown, variables: readonly string[], values: string[]): string | undefined {
  if (typeof value === "string") return writeText(value, variables, values);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => write(item, variables, values));
    return items.includes(undefined) ? undefined : `[${items.join(", ")}]`;
  }
  const items = Object.entries(value).map(([name, item]) => {
    const text = PRIVATE.test(name) ? undefined : write(item, variables, values);
    return text === undefined ? undefined : `${literal(JSON.stringify(name))}: ${text}`;
  });
  return items.includes(undefined) ? undefined : `{${items.join(", ")}}`;
}

function writeText(text: string, variables: readonly string[], values: string[]): string | undefined {
  if (!PRIVATE.test(text)) return literal(JSON.stringify(text));
  if (UNWRITABLE.test(text)) return undefined;
  const nameAt = (mark: string): string => `\${${variables[(mark.codePointAt(1) ?? 0) - 0xf000] ?? ""}}`;
  const word = text
    .replace(/["\\]/g, "\\$&")
    .replace(/\n/g, "\\n")
    .replace(/\r/g, "\\r")
    .replace(/\t/g, "\\t")
    .replace(/[\uE000\uE001]./gu, nameAt);
  values.push(`"${word}"`);
  // A value that is none of JSON's words would break the line.
  return text.startsWith(WHOLE) ? `$metwork_extra_json_${values.length}` : `"$metwork_extra_${values.length}"`;
}

function literal(json: string): string {
  return json.replace(/['\\]/g, "\\$&");
}
