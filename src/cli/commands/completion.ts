import type { Command } from "../command.ts";

/** Completing command lines. `all` gives every command, these included. */
export function completionCommands(all: () => readonly Command[]): readonly Command[] {
  return [
    {
      name: "completion",
      aliases: [],
      summary: "Print what a shell sources to complete command lines: `source <(metwork completion bash)`.",
      args: [{ name: "SHELL", summary: "bash", required: true }],
      options: {},
      load: async () => (await import("../completion/bash.ts")).completion(all()),
    },
    {
      name: "_complete",
      aliases: [],
      summary: "Print the words that may come last; for the shell's completion.",
      args: [{ name: "WORD", summary: "the words of the line, after `--`", required: false, variadic: true }],
      options: {},
      load: async () => (await import("../completion/complete.ts")).complete(all()),
    },
  ];
}
