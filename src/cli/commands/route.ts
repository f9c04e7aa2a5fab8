import type { Command } from "../command.ts";

/** What the switch does with files, and would do. */
export const routeCommands: readonly Command[] = [
  {
    name: "route explain",
    aliases: [],
    summary: "Ask every rule of a switch about a file, and show what each looked at and said. Nothing is delivered.",
    args: [{ name: "FILE", summary: "path of a file; none: only what --tag says", required: false }],
    options: {
      tag: { type: "string", value: "NAME=VALUE", multiple: true, summary: "a tag the file has, or is to have" },
      switch: { type: "string", value: "NAME", summary: "the switch plugin; default: switch" },
    },
    load: async () => (await import("../route/explain.ts")).explainRoute,
  },
];
