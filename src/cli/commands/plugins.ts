import type { ArgumentDecl, Command, OptionDecl } from "../command.ts";

const name: ArgumentDecl = { name: "NAME", summary: "name of an installed plugin", required: true };
const nameOrFile: ArgumentDecl = {
  name: "NAME|FILE",
  summary: "name of an installed plugin, or a .plugin file",
  required: true,
};
const pluginPath: OptionDecl = {
  type: "string",
  value: "DIR",
  summary: "the plugin's directory; default: the current one",
};
const baseDir: OptionDecl = {
  type: "string",
  value: "DIR",
  summary: "the plugins of this directory instead; what is there runs nowhere",
};
const debug: OptionDecl = {
  type: "boolean",
  summary: "accepted for former scripts; all that is known is always shown",
};

/** Installing, looking at, checking and building plugins. */
export const pluginCommands: readonly Command[] = [
  {
    name: "plugins list",
    aliases: ["plugins.list"],
    summary: "List the installed plugins.",
    args: [],
    options: {
      raw: { type: "boolean", summary: "one line each: name~~~version~~~release~~~home" },
      "plugins-base-dir": baseDir,
    },
    load: async () => (await import("../plugins/list.ts")).list,
  },
  {
    name: "plugins info",
    aliases: ["plugins.info"],
    summary: "Show what is known about a plugin, installed or in an archive.",
    args: [nameOrFile],
    options: { "just-home": { type: "boolean", summary: "print its home only" }, "plugins-base-dir": baseDir },
    load: async () => (await import("../plugins/info.ts")).info,
  },
  {
    name: "plugins hash",
    aliases: ["plugins.hash"],
    summary: "Print the hash that tells one build of a plugin from another.",
    args: [nameOrFile],
    options: { "plugins-base-dir": baseDir },
    load: async () => (await import("../plugins/info.ts")).hash,
  },
  {
    name: "plugins install",
    aliases: ["plugins.install"],
    summary:
      "Install a plugin from a .plugin file or its directory and serve it. Exit 1 refused, 2 failed and undone, 3 bad new name, 4 installed but not running.",
    args: [{ name: "FILE", summary: "a .plugin file, or a plugin's directory", required: true }],
    options: {
      force: { type: "boolean", summary: "replace an installed plugin of the same name" },
      "new-name": { type: "string", value: "NAME", summary: "install it under this name" },
      "plugins-base-dir": baseDir,
    },
    load: async () => (await import("../plugins/install.ts")).install,
  },
  {
    name: "plugins hotswap",
    aliases: ["plugins.hotswap"],
    summary:
      "Replace an installed plugin by another version without losing a request, and show what was served meanwhile. Exit 1 refused, 2 failed and nothing changed, 3 the new version did not serve and the old one is back.",
    args: [{ name: "FILE", summary: "a .plugin file, or a plugin's directory", required: true }],
    options: {
      "wait-after-circus-reload": {
        type: "string",
        value: "S",
        summary: "accepted for former scripts; nothing is waited for but readiness",
      },
      "wait-after-nginx-reload": { type: "string", value: "S", summary: "the same" },
      "dont-restart-circus": { type: "boolean", summary: "the same" },
    },
    load: async () => (await import("../plugins/hotswap.ts")).hotswap,
  },
  {
    name: "plugins uninstall",
    aliases: ["plugins.uninstall"],
    summary: "Uninstall a plugin. Exit 1 not installed, 2 failed.",
    args: [{ ...name, name: "NAME|PATH" }],
    options: {
      clean: { type: "boolean", summary: "also remove the overrides you have set and its temporary files" },
      "plugins-base-dir": baseDir,
    },
    load: async () => (await import("../plugins/install.ts")).uninstall,
  },
  {
    name: "plugins check",
    aliases: ["plugins.check"],
    summary: "Check a plugin's directory and show everything that is wrong.",
    args: [{ name: "DIR", summary: "a plugin's directory", required: true }],
    options: { debug },
    load: async () => (await import("../plugins/check.ts")).check,
  },
  {
    name: "plugins status",
    aliases: ["plugins.status"],
    summary: "Check the processes of the plugins, and what they say of themselves. Exit 1 when one is ill.",
    args: [{ ...name, required: false }],
    options: {},
    load: async () => (await import("../plugins/status.ts")).status,
  },
  {
    name: "plugins stop",
    aliases: ["plugins.stop"],
    summary: "Stop the processes of the plugins, or of one, until the next change or `plugins.start`.",
    args: [{ ...name, required: false }],
    options: {},
    load: async () => (await import("../plugins/processes.ts")).stop,
  },
  {
    name: "plugins start",
    aliases: ["plugins.start"],
    summary: "Start the processes of the plugins that do not run.",
    args: [{ ...name, required: false }],
    options: {},
    load: async () => (await import("../plugins/processes.ts")).start,
  },
  {
    name: "plugins repackage",
    aliases: ["plugins.repackage"],
    summary: "Build a .plugin file of an installed plugin, its overrides written into its configuration.",
    args: [name],
    options: { debug },
    load: async () => (await import("../plugins/develop.ts")).repackageInstalled,
  },
  {
    name: "plugins make",
    aliases: ["_plugins.make"],
    summary: "Build the .plugin file of a plugin in the current directory.",
    args: [],
    options: {
      "plugin-path": pluginPath,
      "show-plugin-path": { type: "boolean", summary: "print the path of the file" },
      debug,
    },
    load: async () => (await import("../plugins/develop.ts")).make,
  },
  {
    name: "plugins develop",
    aliases: ["_plugins.develop"],
    summary: "Install a working directory as a link to it. Exit 2 failed, 3 already installed.",
    args: [{ name: "NAME", summary: "the plugin's name, which its label says too", required: false }],
    options: {
      "plugin-path": pluginPath,
      "ignore-already-installed": { type: "boolean", summary: "fine if the link is there already" },
      debug,
    },
    load: async () => (await import("../plugins/develop.ts")).develop,
  },
  {
    name: "plugins validate_name",
    aliases: ["plugins_validate_name"],
    summary: "Say whether a word can be a plugin's name: OK, or ERROR and why.",
    args: [{ name: "NAME", summary: "the word", required: true }],
    options: {},
    load: async () => (await import("../plugins/check.ts")).validateName,
  },
  {
    name: "bootstrap_plugin",
    aliases: ["bootstrap_plugin", "bootstrap_plugin.py"],
    summary: "Create a plugin from a template (`create NAME`), or list the templates (`list`).",
    args: [
      { name: "ACTION", summary: "create or list", required: false },
      { name: "NAME", summary: "the new plugin's name and directory", required: false },
    ],
    options: {
      template: { type: "string", value: "NAME", summary: "one of `bootstrap_plugin list`; default: default" },
      "no-input": { type: "boolean", summary: "ask nothing, take the defaults" },
      make: { type: "boolean", summary: "also build its .plugin file" },
      install: { type: "boolean", summary: "also install it (with --make)" },
      delete: { type: "boolean", summary: "keep only the .plugin file (with --make)" },
    },
    load: async () => (await import("../plugins/bootstrap.ts")).bootstrap,
  },
  {
    name: "plugin_env",
    aliases: ["plugin_env"],
    summary: "Open a shell in a plugin's environment and home.",
    args: [{ name: "NAME|HOME", summary: "none: the plugin whose directory this is", required: false }],
    options: {},
    load: async () => (await import("../plugins/wrapper.ts")).pluginShell,
  },
  {
    name: "plugin_wrapper",
    aliases: ["plugin_wrapper"],
    summary: "Run a command in a plugin's environment, its arguments untouched.",
    args: [
      { name: "NAME|HOME", summary: "an installed plugin, or a plugin's directory", required: true },
      { name: "COMMAND", summary: "the command and its arguments, after `--`", required: false, variadic: true },
    ],
    options: {
      cwd: { type: "boolean", short: "c", summary: "run it in the plugin's home" },
      empty: { type: "boolean", short: "e", summary: "keep nothing of the caller's environment but terminal and user" },
      "bash-cmds": { type: "boolean", summary: "print the environment as shell commands instead" },
      "plugins-base-dir": baseDir,
      "ignore-cache": { type: "boolean", summary: "accepted for former scripts; there is no cache" },
    },
    passThrough: true,
    load: async () => (await import("../plugins/wrapper.ts")).pluginWrapper,
  },
];
