import { INIT_SYSTEMS } from "../../core/export/types.ts";
import type { Command } from "../command.ts";

/** Services for machines without the appliance. */
export const exportCommands: readonly Command[] = [
  {
    name: "export",
    aliases: [],
    summary:
      "Write what makes an init system start a plugin, a file or a directory, and start it again whenever it ends.",
    args: [
      {
        name: "PATH|PLUGIN",
        summary: "what `metwork serve` takes, or a plugin: its name or directory",
        required: true,
      },
    ],
    options: {
      init: { type: "string", value: "SYSTEM", summary: `one of ${INIT_SYSTEMS.join(", ")}` },
      listen: {
        type: "string",
        value: "ADDRESS",
        summary: "HOST:PORT, or the path of a socket; default: 127.0.0.1:8000",
      },
      user: { type: "string", value: "NAME", summary: "who runs it; default: the caller" },
      name: { type: "string", value: "NAME", summary: "the service's name; default: after the plugin or the file" },
      output: { type: "string", value: "DIR", summary: "write the files into this directory; default: to stdout" },
    },
    load: async () => (await import("../export/export.ts")).exportInit,
  },
];
