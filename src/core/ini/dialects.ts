import type { Dialect } from "./types.ts";

/** A module's `config.ini`. */
export const MODULE_DIALECT: Dialect = {
  delimiters: "=:",
  comments: "#;",
  lowerCaseKeys: true,
  variants: () => true,
  endsWithValue: () => false,
};

/** A plugin's `config.ini` and its overrides. The keys of switch rules are patterns, which may end with `]`. */
export const PLUGIN_DIALECT: Dialect = {
  delimiters: "=",
  comments: "#",
  lowerCaseKeys: false,
  variants: (section) => !section.startsWith("switch_rules"),
  endsWithValue: (section) => /^switch_rules(?:@[^:]*)?:expression$/.test(section),
};
