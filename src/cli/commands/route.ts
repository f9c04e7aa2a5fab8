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
  {
    name: "route what-if",
    aliases: [],
    summary: "Ask proposed rules about the files a switch saw: which would have gone elsewhere. Changes nothing.",
    args: [],
    options: {
      rules: { type: "string", value: "FILE", summary: "a plugin's config.ini with the proposed rules" },
      plugin: {
        type: "string",
        value: "NAME",
        summary: "whose rules they replace; default: the plugin whose directory or override the file is",
      },
      since: { type: "string", value: "TIME", summary: "files from then on: 24h (the default), 7d, 2026-11-25" },
      switch: { type: "string", value: "NAME", summary: "the switch plugin; default: switch" },
    },
    load: async () => (await import("../route/what-if.ts")).whatIfRouted,
  },
];
