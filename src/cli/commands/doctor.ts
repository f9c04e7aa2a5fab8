import { MODULE_NAMES } from "../../core/module/paths.ts";
import type { Command } from "../command.ts";

/** Looking for what an operator would check by hand. */
export const doctorCommands: readonly Command[] = [
  {
    name: "doctor",
    aliases: [],
    summary:
      "Check the machine and the modules, running or not, each finding with its fix. Exit 1 when one is an error.",
    args: [
      { name: "MODULE", summary: `${MODULE_NAMES.join(" or ")}; none: all of them`, required: false, variadic: true },
    ],
    options: { problems: { type: "boolean", short: "p", summary: "show only what is not as it should be" } },
    load: async () => (await import("../doctor/doctor.ts")).doctor,
  },
];
