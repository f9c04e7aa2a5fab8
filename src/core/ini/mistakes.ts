import type { Diagnostic, Span } from "../base/diagnostic.ts";
import type { Dialect } from "./types.ts";

function error(code: Diagnostic["code"], message: string, at: Span, fix: string, first?: Span): Diagnostic {
  const related = first === undefined ? {} : { related: [{ at: first, message: "the first one is here" }] };
  return { code, severity: "error", message, at, fix, ...related };
}

/** What can be wrong with an ini file's form, in one place so that all of it reads alike. */
export const mistakes = {
  noDelimiter(content: string, at: Span, dialect: Dialect): Diagnostic {
    const otherComment = content.startsWith(";") && !dialect.comments.includes(";");
    const colon = content.includes(":") && !dialect.delimiters.includes(":");
    const fix = otherComment
      ? "only `#` begins a comment in this file"
      : colon
        ? "only `=` separates a key from its value in this file"
        : "write `key = value`, or put `#` before the line; a line that continues a value must be indented";
    return error("MF1001", "this is neither `[section]` nor `key = value`", at, fix);
  },
  beforeSection(at: Span): Diagnostic {
    return error("MF1002", "this stands before any section", at, "add a `[section]` line above it");
  },
  duplicateKey(key: string, section: string, at: Span, first: Span): Diagnostic {
    return error("MF1003", `\`${key}\` is set twice in [${section}]`, at, "remove one of the two", first);
  },
  duplicateSection(name: string, at: Span, first: Span): Diagnostic {
    return error("MF1004", `the section [${name}] occurs twice`, at, "put both parts under one header", first);
  },
  badHeader(content: string, at: Span): Diagnostic {
    const message = content.includes("]")
      ? /^\[\s*\]/.test(content)
        ? "the section has no name"
        : "something follows the section's `]`"
      : "the section's `]` is missing";
    return error("MF1005", message, at, "write `[name]` alone on its line");
  },
  badVariant(written: string, at: Span): Diagnostic {
    const fix = "write `key[NAME] = value`, where NAME is a configuration name without brackets or spaces";
    return error("MF1006", `\`${written}\` has brackets that name no configuration`, at, fix);
  },
  controlCharacter(code: number, at: Span): Diagnostic {
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    return error("MF1007", `the control character ${name} is not allowed here`, at, "remove it");
  },
  noKey(at: Span): Diagnostic {
    return error("MF1008", "there is no key before the delimiter", at, "write `key = value`");
  },
} as const;
