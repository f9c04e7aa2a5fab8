import type { Command } from "../command.ts";

const name = { name: "NAME", summary: "whose key it is", required: true } as const;

/** Who may send files over HTTP, where `[nginx] upload_authentication` asks for it. */
export const uploadCommands: readonly Command[] = [
  {
    name: "uploads allow",
    aliases: [],
    summary: "Make a key for a sender and print its secret, once; only a hash is kept. Holds at once.",
    args: [
      name,
      { name: "DIRECTORY", summary: "only for these; none: all that take files", required: false, variadic: true },
    ],
    options: {},
    load: async () => (await import("../uploads/keys.ts")).allow,
  },
  {
    name: "uploads revoke",
    aliases: [],
    summary: "Take a sender's key back. Holds at once.",
    args: [name],
    options: {},
    load: async () => (await import("../uploads/keys.ts")).revoke,
  },
  {
    name: "uploads list",
    aliases: [],
    summary: "List who has a key, and for which directories.",
    args: [],
    options: {},
    load: async () => (await import("../uploads/keys.ts")).list,
  },
];
