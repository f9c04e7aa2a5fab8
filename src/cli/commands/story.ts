import type { ArgumentDecl, Command } from "../command.ts";

const kept: ArgumentDecl = {
  name: "FILE",
  summary: "path below trash, name (also its first one), or beginning of a uid",
  required: true,
  variadic: true,
};

/** What happened to files, and what can be done with those that were kept. */
export const storyCommands: readonly Command[] = [
  {
    name: "trace",
    aliases: [],
    summary:
      "Show what happened to files of mfdata, from arrival to end, with their copies and what was made of them. Exit 1: nothing is known of them.",
    args: [
      {
        name: "WHAT",
        summary: "a name (`*`, `?`, `[` as in a shell), a uid, or a SHA-256; with --missing: the end of --between",
        required: false,
      },
    ],
    options: {
      limit: { type: "string", value: "NUMBER", summary: "only so many files, the newest; default: 10" },
      missing: {
        type: "string",
        value: "PATTERN",
        summary:
          "did it ever arrive? `%Y %m %d %H %M` stand for every minute, hour or day in between. Exit 1: something is missing",
      },
      between: {
        type: "string",
        value: "BEGIN",
        summary: "the time to look at: `--between 24h now`, `--between 2026-11-25 2026-11-26`",
      },
    },
    load: async () => (await import("../trace/trace.ts")).trace,
  },
  {
    name: "replay",
    aliases: [],
    summary:
      "Process files that were kept (archive, trash) again, in a directory apart, through the installed or another version of a step, and compare: with the record, or the one version with the other. Exit 1: something differs. Outputs stay in tmp/replay.",
    args: [{ name: "UID", summary: "a uid, name or SHA-256 as for `trace`", required: true, variadic: true }],
    options: {
      step: {
        type: "string",
        value: "PLUGIN/STEP",
        summary: "the step; default: the one that failed, or that of --with",
      },
      with: { type: "string", value: "FILE", summary: "another version of a plugin: its `.plugin` file or directory" },
    },
    load: async () => (await import("../replay/replay.ts")).replay,
  },
  {
    name: "trash list",
    aliases: [],
    summary: "List the files that failed or that nobody wanted, the newest last.",
    args: [{ name: "STEP", summary: "only of this step: plugin/step, or switch/nomatch", required: false }],
    options: {},
    load: async () => (await import("../trash/list.ts")).listTrash,
  },
  {
    name: "trash show",
    aliases: [],
    summary: "Show one file of the trash: why it is there, and its tags.",
    args: [{ ...kept, variadic: false }],
    options: {},
    load: async () => (await import("../trash/show.ts")).showTrash,
  },
  {
    name: "trash retry",
    aliases: [],
    summary: "Give files of the trash back to the step that failed, or to the switch, with their tags.",
    args: [kept],
    options: { to: { type: "string", value: "PLUGIN/STEP", summary: "give them to this step instead" } },
    load: async () => (await import("../trash/retry.ts")).retryTrash,
  },
  {
    name: "trash put",
    aliases: [],
    summary:
      "Take what waits for a step that does not run, because its plugin was uninstalled or it has no process, and put it in trash, to be given to another step or dropped. Exit 1: the step runs.",
    args: [{ name: "STEP", summary: "plugin/step", required: true }],
    options: {},
    load: async () => (await import("../trash/put.ts")).putInTrash,
  },
  {
    name: "trash drop",
    aliases: [],
    summary: "Delete files of the trash, and their tags, for good.",
    args: [kept],
    options: {},
    load: async () => (await import("../trash/drop.ts")).dropTrash,
  },
];
