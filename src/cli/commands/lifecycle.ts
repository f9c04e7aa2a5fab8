import { MODULE_NAMES } from "../../core/module/paths.ts";
import type { ArgumentDecl, Command, OptionDecl } from "../command.ts";

const modules: ArgumentDecl = {
  name: "MODULE",
  summary: `${MODULE_NAMES.join(" or ")}; none: all of them`,
  required: false,
  variadic: true,
};
const one: ArgumentDecl = { name: "MODULE", summary: MODULE_NAMES.join(" or "), required: false };
const generation = { name: "GENERATION" } as const;
const reason: OptionDecl = { type: "string", value: "TEXT", summary: "why, for `metwork history`" };
const linked = (verb: string): string[] => MODULE_NAMES.map((module) => `${module}.${verb}`);
const noProvision: OptionDecl = { type: "boolean", summary: "do not install or update the configured plugins" };

/** Starting, stopping and looking at modules, and changing what they run. */
export const lifecycleCommands: readonly Command[] = [
  {
    name: "start",
    aliases: linked("start"),
    summary: "Start modules: install their configured plugins, apply their plan, start every service.",
    args: [modules],
    options: { noinit: noProvision },
    load: async () => (await import("../lifecycle/start.ts")).start,
  },
  {
    name: "stop",
    aliases: linked("stop"),
    summary: "Stop modules and everything they run, and take their jobs out of the crontab.",
    args: [modules],
    options: { keepcron: { type: "boolean", summary: "leave the jobs in the crontab" } },
    load: async () => (await import("../lifecycle/stop.ts")).stop,
  },
  {
    name: "init",
    aliases: linked("init"),
    summary:
      "Stop a module and empty its tmp, var (the installed plugins too) and log; with the word `soft`, remove nothing. Exit 1: unprocessed files would go.",
    args: [{ ...one, summary: `${one.summary}; after it perhaps: soft`, variadic: true }],
    options: { force: { type: "boolean", summary: "remove files of the pipeline that nobody has processed, too" } },
    load: async () => (await import("../lifecycle/init.ts")).init,
  },
  {
    name: "heal",
    aliases: linked("autorestart"),
    summary:
      "Start a module again that should run and is ill twice within 30 s, as when even its supervisor died; every five minutes from the crontab.",
    args: [modules],
    options: {},
    load: async () => (await import("../lifecycle/heal.ts")).heal,
  },
  {
    name: "status",
    aliases: linked("status"),
    summary:
      "Say, per service and plugin, what is wrong and why. Exit 1 when a module is not healthy; plugins alone: 0.",
    args: [modules],
    options: {},
    load: async () => (await import("../lifecycle/status.ts")).status,
  },
  {
    name: "plan",
    aliases: [],
    summary: "Show what an apply would change in the generated files and the services, and why. Changes nothing.",
    args: [one],
    options: { quiet: { type: "boolean", short: "q", summary: "print nothing; exit 0: nothing to do, 5: changes" } },
    load: async () => (await import("../lifecycle/plan.ts")).showPlan,
  },
  {
    name: "apply",
    aliases: [],
    summary: "Make the machine match the configuration and the plugins.",
    args: [one],
    options: { "dry-run": { type: "boolean", summary: "stage and check, then say what would be done" }, reason },
    load: async () => (await import("../lifecycle/apply.ts")).applyNow,
  },
  {
    name: "history",
    aliases: [],
    summary: "List what was applied: when, who, why, which files and services, how it ended.",
    args: [one],
    options: { limit: { type: "string", value: "NUMBER", summary: "only so many, the newest; default: 20" } },
    load: async () => (await import("../lifecycle/history.ts")).history,
  },
  {
    name: "rollback",
    aliases: [],
    summary:
      "Put an earlier generation in force, and hold it until an input changes or `metwork apply`. Exit 3: it did not work.",
    args: [one, { ...generation, summary: "its id or the beginning of it; none: the one before", required: false }],
    options: { reason },
    load: async () => (await import("../lifecycle/rollback.ts")).rollback,
  },
  {
    name: "diff",
    aliases: [],
    summary: "Compare two stored generations: their files, and what going from one to the other does to the services.",
    args: [
      one,
      { ...generation, summary: "from this one", required: true },
      { ...generation, summary: "to this one; none: the one in force", required: false },
    ],
    options: {},
    load: async () => (await import("../lifecycle/diff.ts")).showDiff,
  },
  {
    name: "env",
    aliases: [],
    summary:
      "Print a module's environment as a shell evaluates it. In a shell, `. modules/mfserv/share/profile` does that and more.",
    args: [],
    options: {},
    load: async () => (await import("../lifecycle/environment.ts")).printEnvironment,
  },
  {
    name: "wrapper",
    aliases: MODULE_NAMES.map((module) => `${module}_wrapper`),
    summary: "Run a command in a module's environment, its arguments untouched.",
    args: [{ name: "COMMAND", summary: "the command and its arguments", required: true, variadic: true }],
    options: {},
    passThrough: true,
    load: async () => (await import("../lifecycle/wrapper.ts")).wrapper,
  },
];
