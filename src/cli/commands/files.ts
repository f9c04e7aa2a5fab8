import type { ArgumentDecl, Command } from "../command.ts";

const file: ArgumentDecl = { name: "FILE", summary: "path of a file", required: true };
const tag: ArgumentDecl = { name: "NAME", summary: "name of a tag", required: true };

/** Feeding files to the pipeline, and looking at their tags. */
export const fileCommands: readonly Command[] = [
  {
    name: "inject_file",
    aliases: ["inject_file"],
    summary: "Give a file, with its tags, to a step of mfdata. The file stays, a copy goes.",
    args: [file],
    options: {
      plugin: { type: "string", value: "NAME", summary: "the step's plugin; default: guess_file_type" },
      step: { type: "string", value: "NAME", summary: "the step; default: main" },
      incoming: { type: "boolean", summary: "put it in the first watched directory instead" },
      move: { type: "boolean", summary: "move the file instead of copying it" },
      "random-basename": { type: "boolean", summary: "give it a random name" },
    },
    load: async () => (await import("../files/inject.ts")).inject,
  },
  {
    name: "generate_random_files",
    aliases: ["generate_random_files", "generate_random_files.py"],
    summary: "Put random files into the first watched directory, so many a second, to see what the pipeline bears.",
    args: [],
    options: {
      nb_files: { type: "string", value: "N", summary: "files a second; default: 1000" },
      size: { type: "string", value: "BYTES", summary: "of each file; default: 1000" },
      prefix: { type: "string", value: "NAME", summary: "what their names begin with; default: file" },
      seconds: { type: "string", value: "S", summary: "how long; default: 60" },
    },
    load: async () => (await import("../files/generate.ts")).generate,
  },
  {
    name: "print_tags",
    aliases: ["print_tags"],
    summary: "Print a file's tags, sorted, one `key = value` a line.",
    args: [file],
    options: {},
    load: async () => (await import("../files/tags.ts")).printTags,
  },
  {
    name: "get_tag",
    aliases: ["get_tag"],
    summary: "Print the value of one tag of a file; nothing when it has none.",
    args: [file, tag],
    options: {},
    load: async () => (await import("../files/tags.ts")).getTag,
  },
  {
    name: "set_tag",
    aliases: ["set_tag"],
    summary: "Set one tag of a file.",
    args: [file, tag, { name: "VALUE", summary: "its new value", required: true }],
    options: {},
    load: async () => (await import("../files/tags.ts")).setTag,
  },
];
