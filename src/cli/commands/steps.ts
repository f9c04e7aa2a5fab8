import type { Command } from "../command.ts";

/** Steps: running one that is a command, trying one on a file. */
export const stepCommands: readonly Command[] = [
  {
    name: "step try",
    aliases: [],
    summary:
      "Try a step on copies of files, away from the pipeline: what came of each, its tags, its outputs, and the log. 1 when " +
      "one failed. Outputs stay in tmp/PLUGIN/try of the module until the next try.",
    args: [{ name: "FILE", summary: "files to try it on", required: true, variadic: true }],
    options: {
      plugin: {
        type: "string",
        value: "PLUGIN",
        summary: "name or directory of the plugin; default: the current directory",
      },
      step: { type: "string", value: "NAME", summary: "one of its steps; default: its only one, or main" },
      debug: { type: "boolean", summary: "log everything" },
    },
    load: async () => (await import("../steps/try.ts")).tryFiles,
  },
  {
    name: "step run",
    aliases: [],
    summary:
      "The program of a step that is a command: runs it for each file. It finds the file in $METWORK_FILE and the tags in " +
      "$METWORK_TAG_*; its exit code decides; what it puts into $METWORK_OUT is sent on.",
    args: [
      {
        name: "COMMAND",
        summary: "what to run, and its arguments; not through a shell",
        required: true,
        variadic: true,
      },
    ],
    options: {
      to: { type: "string", value: "PLUGIN/STEP", summary: "the step that gets the outputs" },
      pass: { type: "boolean", summary: "send the file itself there too" },
      rename: { type: "boolean", summary: "outputs are named as in $METWORK_OUT from then on, not as the file" },
      parallel: { type: "string", value: "N", summary: "files at once in this process; default: 1" },
    },
    passThrough: true,
    load: async () => (await import("../steps/run.ts")).runStep,
  },
];
