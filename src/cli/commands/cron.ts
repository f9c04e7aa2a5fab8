import type { Command } from "../command.ts";

/** What jobs of a crontab are started through. */
export const cronCommands: readonly Command[] = [
  {
    name: "cronwrap",
    aliases: ["cronwrap"],
    summary:
      "Run a job of a crontab: one at a time, with a time limit, at low priority, into a log. Exit 12: it took too long; else the job's own code.",
    args: [{ name: "COMMAND", summary: "the job and its arguments", required: true, variadic: true }],
    options: {
      timeout: {
        type: "string",
        short: "t",
        value: "SECONDS",
        summary: "kill it and all it started after this; 0: never; default: 3600",
      },
      "random-sleep": { type: "string", short: "r", value: "SECONDS", summary: "wait at random up to so long before" },
      lock: { type: "boolean", short: "l", summary: "do nothing while the same job runs" },
      "wait-for-lock-timeout": {
        type: "string",
        short: "w",
        value: "SECONDS",
        summary: "wait so long for it to end; default: 1",
      },
      "lock-timeout-behaviour": {
        type: "string",
        short: "b",
        value: "HOW",
        summary: "what to say then: print_stdout (default), print_stderr or nothing",
      },
      "load-env": { type: "boolean", short: "e", summary: "run it in the environment of a shell's file" },
      "load-env-file": { type: "string", short: "f", value: "FILE", summary: "that file; default: ~/.bashrc" },
      shell: { type: "boolean", short: "s", summary: "let a shell read the command" },
      nice: { type: "string", short: "n", value: "NUMBER", summary: "its priority, as of nice(1)" },
      ionice: { type: "string", short: "i", value: "CLASS", summary: "its priority on disk, as of ionice(1)" },
      low: { type: "boolean", summary: "the same as --nice 19 --ionice 3" },
      "log-capture-to": {
        type: "string",
        value: "FILE",
        summary: "append what it prints to this log, which is rotated; NULL: drop it",
      },
    },
    passThrough: true,
    load: async () => (await import("../cron/cronwrap.ts")).cronwrap,
  },
];
