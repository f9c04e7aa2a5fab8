import type { Command } from "../command.ts";

/** Serving what is no plugin yet. */
export const serveCommands: readonly Command[] = [
  {
    name: "serve",
    aliases: [],
    summary:
      "Serve a directory, a file (`app.py`, `app.py:object`) or a program as it is, supervised behind nginx, until Ctrl-C. Exit 1: it cannot be told how, or does not work.",
    args: [
      {
        name: "PATH",
        summary: "a directory or a file; see docs/guide/serve.md for what is recognised",
        required: true,
      },
      { name: "ARGUMENT", summary: "arguments of a program, after `--`", required: false, variadic: true },
    ],
    options: {
      name: { type: "string", value: "NAME", summary: "the plugin's name; default: after the file or the directory" },
      port: { type: "string", value: "NUMBER", summary: "serve it alone on this port, also when mfserv runs" },
      keep: { type: "string", value: "DIR", summary: "write the plugin into this new directory, and serve nothing" },
      explain: { type: "boolean", summary: "say what was seen and what would be done, and do nothing" },
    },
    load: async () => (await import("../serve/serve.ts")).serve,
  },
];
