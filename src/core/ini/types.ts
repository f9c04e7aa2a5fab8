import type { Diagnostic, Span } from "../base/diagnostic.ts";

/** What differs between the ini files of modules and of plugins. Both have full-line comments only. */
export interface Dialect {
  /** The characters that may end a key. */
  readonly delimiters: "=:" | "=";
  /** The characters that begin a comment line. */
  readonly comments: "#;" | "#";
  readonly lowerCaseKeys: boolean;
  /** Whether `key[NAME]` in this section means: the value of `key` where the configuration is called NAME. */
  readonly variants: (section: string) => boolean;
  /** Whether keys of this section hold `==`, `<=` and the like: the last lone `=` of a line is then what ends its key. */
  readonly endsWithValue: (section: string) => boolean;
}

/** `key = value`, or `key[VARIANT] = value`. */
export interface IniEntry {
  readonly section: string;
  readonly key: string;
  /** As written; compared without regard to case. */
  readonly variant: string | undefined;
  /** Without the white space around it; the lines of a continued value, each trimmed, are joined with line feeds. */
  readonly value: string;
  /** The key without its variant. */
  readonly keyAt: Span;
  /** The first line of the value that is not empty. */
  readonly valueAt: Span;
}

/** A file as far as it could be understood, and what is wrong with it. */
export interface IniFile {
  readonly file: string;
  /** In the file's order. Those that an error concerns are left out. */
  readonly entries: readonly IniEntry[];
  /** Where each section's name stands first, empty sections included. */
  readonly sections: ReadonlyMap<string, Span>;
  readonly notes: readonly Diagnostic[];
}
