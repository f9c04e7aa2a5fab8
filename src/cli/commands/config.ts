import { MODULE_NAMES } from "../../core/module/paths.ts";
import type { ArgumentDecl, Command } from "../command.ts";

const module: ArgumentDecl = { name: "MODULE", summary: MODULE_NAMES.join(" or "), required: false };

/** Looking at configuration. */
export const configCommands: readonly Command[] = [
  {
    name: "config explain",
    aliases: [],
    summary: "Say what an option's value is, which line set it, and which lines lost.",
    args: [module, { name: "KEY", summary: "the option, as section.key", required: true }],
    options: {},
    load: async () => (await import("../config/explain.ts")).explain,
  },
  {
    name: "config list",
    aliases: [],
    summary: "List every option with its value and who set it.",
    args: [module],
    options: { changed: { type: "boolean", summary: "only what the user or the site has set" } },
    load: async () => (await import("../config/list.ts")).list,
  },
  {
    name: "config check",
    aliases: [],
    summary: "Look for mistakes in the configuration; exit 1 when there are errors.",
    args: [{ ...module, summary: `${MODULE_NAMES.join(" or ")}; none: all of them`, variadic: true }],
    options: {},
    load: async () => (await import("../config/check.ts")).check,
  },
  {
    name: "config read",
    aliases: ["config.py"],
    summary: "Print what one ini file says: its sections, a section's options, or an option's value.",
    args: [
      { name: "PATH", summary: "an ini file", required: true },
      { name: "SECTION", summary: "none: print the sections", required: false },
      { name: "OPTION", summary: "none: print the section's options", required: false },
      {
        name: "CONFIG",
        summary: "the configuration's name, for key[NAME]; none: MFCONFIG, else GENERIC",
        required: false,
      },
    ],
    options: {},
    load: async () => (await import("../config/read.ts")).read,
  },
];
