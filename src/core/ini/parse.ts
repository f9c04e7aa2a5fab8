import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { mistakes } from "./mistakes.ts";
import type { Dialect, IniEntry, IniFile } from "./types.ts";

/** Every control character but tab and line ends: they have no business in a configuration and would reach generated files. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;
const LINE_END = /\r\n|[\n\r]/;
const COMMENTED_HEADER = /^\[([^\]]*)\]\s+[#;]/;
const VARIANT = /^([^[\]]*[^[\]\s])\s*\[\s*([^[\]\s]+)\s*\]$/;

type Growing = { -readonly [Field in keyof IniEntry]: IniEntry[Field] };

interface State {
  readonly file: string;
  readonly dialect: Dialect;
  readonly entries: IniEntry[];
  readonly sections: Map<string, Span>;
  readonly notes: Diagnostic[];
  /** Where the keys of each section stand, to notice the second one. */
  readonly seen: Map<string, Map<string, Span>>;
  section: string | undefined;
  /** True after a header that could not be read, or one mistake about missing ones: the lines below need no mistake each. */
  lost: boolean;
  /** The entry an indented line continues; "refused" swallows the continuation of a line in error. */
  open: Growing | "refused" | undefined;
  /** Blank lines since the last line of the open entry: part of its value only if it goes on. */
  blanks: number;
  indent: number;
}

/**
 * Reads an ini file, keeping the place of every key and value. Never throws; mistakes are notes, all of them.
 * Follows Python's strict configparser (indented continuation lines included), which wrote the existing files' rules.
 */
export function parseIni(text: string, file: string, dialect: Dialect): IniFile {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const state: State = {
    file,
    dialect,
    entries: [],
    sections: new Map(),
    notes: [],
    seen: new Map(),
    section: undefined,
    lost: false,
    open: undefined,
    blanks: 0,
    indent: 0,
  };
  const suspicious = CONTROL.test(body);
  let number = 0;
  for (const line of body.split(LINE_END)) {
    number++;
    const control = suspicious ? line.search(CONTROL) : -1;
    if (control === -1) readLine(state, line, number);
    else state.notes.push(mistakes.controlCharacter(line.charCodeAt(control), span(state, number, control, 1)));
  }
  return { file, entries: state.entries, sections: state.sections, notes: state.notes };
}

function readLine(state: State, line: string, number: number): void {
  const content = line.trim();
  if (content === "") {
    state.blanks++;
    return;
  }
  if (state.dialect.comments.includes(content.charAt(0))) return;
  const start = line.search(/\S/);
  if (state.open !== undefined && start > state.indent) {
    if (state.open !== "refused") continueValue(state, state.open, content, span(state, number, start, content.length));
    return;
  }
  state.indent = start;
  if (content.startsWith("[") && !isPattern(state, content)) readHeader(state, content, number, start);
  else {
    state.open = "refused";
    const mistake = readPair(state, content, number, start);
    if (mistake !== undefined) state.notes.push(mistake);
  }
}

/** Switch rules have patterns for keys, and a pattern may begin with `[`. */
function isPattern(state: State, content: string): boolean {
  return (
    state.section !== undefined &&
    !state.dialect.variants(state.section) &&
    !content.endsWith("]") &&
    !COMMENTED_HEADER.test(content) &&
    content.includes("=")
  );
}

function readHeader(state: State, content: string, number: number, start: number): void {
  state.open = undefined;
  const whole = span(state, number, start, content.length);
  const inner = COMMENTED_HEADER.exec(content)?.[1] ?? (content.endsWith("]") ? content.slice(1, -1) : undefined);
  const name = inner?.trim();
  if (inner === undefined || name === undefined || name === "") {
    state.section = undefined;
    state.lost = true;
    state.notes.push(mistakes.badHeader(content, whole));
    return;
  }
  const at = span(state, number, start + 1 + (inner.length - inner.trimStart().length), name.length);
  const first = state.sections.get(name);
  if (first === undefined) {
    state.sections.set(name, at);
    state.seen.set(name, new Map());
  } else {
    state.notes.push(mistakes.duplicateSection(name, at, first));
  }
  state.section = name;
  state.lost = false;
}

/** Takes in a `key = value` line, or says what is wrong with it. */
function readPair(state: State, content: string, number: number, start: number): Diagnostic | undefined {
  const { section, dialect } = state;
  const whole = span(state, number, start, content.length);
  if (section === undefined) {
    const known = state.lost;
    state.lost = true;
    return known ? undefined : mistakes.beforeSection(whole);
  }
  const end = dialect.endsWithValue(section) ? lastDelimiter(content) : delimiterIndex(content, dialect);
  if (end === -1) return mistakes.noDelimiter(content, whole, dialect);
  const written = content.slice(0, end).trimEnd();
  if (written === "") return mistakes.noKey(whole);
  const name = readKey(written, section, dialect);
  if (name === undefined) return mistakes.badVariant(written, { ...whole, length: written.length });
  const keyAt = span(state, number, start, name.key.length);
  const key = dialect.lowerCaseKeys ? name.key.toLowerCase() : name.key;
  const id = name.variant === undefined ? key : `${key}[${name.variant.toUpperCase()}`;
  const seen = state.seen.get(section);
  const first = seen?.get(id);
  if (first !== undefined) return mistakes.duplicateKey(written, section, keyAt, first);
  seen?.set(id, keyAt);
  const value = content.slice(end + 1).trimStart();
  const valueAt = span(state, number, start + content.length - value.length, value.length);
  const entry: Growing = { section, key, variant: name.variant, value, keyAt, valueAt };
  state.entries.push(entry);
  state.open = entry;
  state.blanks = 0;
  return undefined;
}

/** Splits `key[VARIANT]`; undefined when the brackets do not match. */
function readKey(written: string, section: string, dialect: Dialect) {
  if (!/[[\]]/.test(written) || !dialect.variants(section)) return { key: written, variant: undefined };
  const [, key, variant] = VARIANT.exec(written) ?? [];
  return key === undefined ? undefined : { key, variant };
}

function continueValue(state: State, entry: Growing, content: string, at: Span): void {
  if (entry.value === "") entry.valueAt = at;
  entry.value += "\n".repeat(state.blanks + 1) + content;
  state.blanks = 0;
}

function delimiterIndex(content: string, dialect: Dialect): number {
  const equal = content.indexOf("=");
  if (dialect.delimiters === "=") return equal;
  const colon = content.indexOf(":");
  return equal === -1 || colon === -1 ? Math.max(equal, colon) : Math.min(equal, colon);
}

/** An expression compares with `==` and `<=`: what stands between it and its value is the last `=` that does not. */
function lastDelimiter(content: string): number {
  return content.search(/(?<![=!<>])=(?!=)[^=]*$/);
}

function span(state: State, line: number, start: number, length: number): Span {
  return { file: state.file, line, col: start + 1, length };
}
