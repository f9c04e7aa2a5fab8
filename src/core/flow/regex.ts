import { RE2JS } from "re2js";

/** A compiled test of one tag's value. */
export type Matches = (value: string) => boolean;

/** Steps a backtracking engine may take on one value: about ten milliseconds. */
const STEPS_MAX = 1_000_000;

/** How a pattern behaves in a backtracking engine. */
interface Shape {
  /** A repetition repeats something of variable length: time may double with each character. */
  readonly nested: boolean;
  /** Repetitions beside each other: time grows with that power of the length. */
  readonly loops: number;
}

/**
 * Python's `re.match`: anchored at the start only. Never takes time that explodes with the value: what a backtracking
 * engine could be long about is left to RE2's automata (Cox, "Regular Expression Matching Can Be Simple And Fast").
 * A text says why it cannot be used.
 */
export function pythonRegex(pattern: string): Matches | string {
  const native = nativeRegex(pattern);
  if (native === undefined) return `\`${pattern}\` is no regular expression`;
  const { nested, loops } = shapeOf(pattern);
  if (!nested) return guarded(native, loops, re2Source(pattern));
  const reason = `\`${pattern}\` could take for ever: it repeats a repetition, beside a look-around or a back-reference`;
  return linearMatch(re2Source(pattern)) ?? reason;
}

/**
 * A backtracking test whose `loops` repetitions stand beside each other, made safe: values it could be long about are
 * left to RE2, by `source`. Where that has no automaton for it, the beginning of the value is all that is looked at.
 */
export function guarded(native: Matches, loops: number, source: string): Matches {
  if (loops === 0) return native;
  const lengthMax = Math.floor(STEPS_MAX ** (1 / loops));
  let linear: Matches | undefined | "not tried" = "not tried";
  return (value) => {
    if (value.length <= lengthMax) return native(value);
    if (linear === "not tried") linear = linearMatch(source);
    return linear?.(value) ?? native(value.slice(0, lengthMax));
  };
}

function nativeRegex(pattern: string): Matches | undefined {
  const inline = /^\(\?([aiLmsux]+)\)/.exec(pattern);
  const flags = [...(inline?.[1] ?? "")].filter((flag) => "ims".includes(flag)).join("");
  const source = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll("(?P<", "(?<")
    .replace(/\(\?P=(\w+)\)/g, "\\k<$1>")
    .replace(/(?<!\\)((?:\\\\)*)\\A/g, "$1^")
    .replace(/(?<!\\)((?:\\\\)*)\\Z/g, "$1$(?![\\s\\S])");
  try {
    const regex = new RegExp(`(?:${source})`, `y${[...new Set(flags)].join("")}`);
    return (value) => {
      regex.lastIndex = 0;
      return regex.test(value);
    };
  } catch {
    return undefined;
  }
}

/** The same pattern in RE2's words. */
function re2Source(pattern: string): string {
  return pattern
    .replace(/^\(\?([aiLmsux]+)\)/, (_, flags: string) => {
      const known = [...flags].filter((flag) => "ims".includes(flag)).join("");
      return known === "" ? "" : `(?${known})`;
    })
    .replace(/(?<!\\)((?:\\\\)*)\\Z/g, "$1\\z");
}

/** undefined: RE2 has no such thing. */
function linearMatch(source: string): Matches | undefined {
  try {
    const regex = RE2JS.compile(source);
    return (value) => regex.matcher(value).lookingAt();
  } catch {
    return undefined;
  }
}

/** Reads only as much of the pattern as tells repetitions and groups. */
function shapeOf(pattern: string): Shape {
  const groups: boolean[] = [false];
  let loops = 0;
  let nested = false;
  /** Whether the atom just read, when it is a group, may match in more ways than one. */
  let variable = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    const mark = (): boolean => (groups[groups.length - 1] = true);
    if (char === "\\") {
      at += 1;
      variable = false;
    } else if (char === "[") {
      at = classEnd(pattern, at);
      variable = false;
    } else if (char === "(") groups.push(false);
    else if (char === ")") {
      variable = groups.length > 1 && groups.pop() === true;
      if (variable) mark();
    } else if (char === "|" || (char === "?" && pattern[at - 1] !== "(")) mark();
    else if (char === "*" || char === "+" || isLoop(pattern, at)) {
      if (variable) nested = true;
      loops += 1;
      mark();
      variable = false;
    } else {
      if (char === "{" && variable) nested = true;
      variable = false;
    }
  }
  return { nested, loops };
}

/** `{2,}` or `{2,9}`; `{4}` matches in one way. */
function isLoop(pattern: string, at: number): boolean {
  return pattern[at] === "{" && /^\{\d*,\d*\}/.test(pattern.slice(at));
}

function classEnd(pattern: string, start: number): number {
  let at = start + (pattern[start + 1] === "^" ? 2 : 1);
  if (pattern[at] === "]") at += 1;
  for (; at < pattern.length && pattern[at] !== "]"; at++) if (pattern[at] === "\\") at += 1;
  return at;
}
