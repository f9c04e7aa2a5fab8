import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { LAYER_FILES } from "../../core/plugin/layer.ts";
import { become, findProgram } from "../../kit/become.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { pluginAtHand } from "./environment.ts";

/** `plugin_wrapper`: becomes the command, so that signals and exit codes are the command's own. */
export async function pluginWrapper(context: Context, given: Given): Promise<ExitCode> {
  const [asked = "", separator, ...rest] = given.args;
  const argv = separator === "--" || separator === undefined ? rest : [separator, ...rest];
  const found = await pluginAtHand(context, given, asked, given.flag("empty"));
  if (found === undefined) return 1;
  const { plugin, own, env } = found;
  if (given.flag("bash-cmds")) {
    for (const [key, value] of Object.entries(own)) context.out(`export ${key}=${shellQuote(value)}`);
    return 0;
  }
  const [command] = argv;
  // Before the program is looked for, which may be named by its path from there.
  if (given.flag("cwd")) process.chdir(plugin.home);
  const program = command === undefined ? undefined : findProgram(command, env["PATH"] ?? "");
  if (command === undefined || program === undefined) {
    context.err(`error[MF8054]: ${command ?? "a command"}: no such command in the environment of ${plugin.name}`);
    return 127;
  }
  return become(program, argv, env);
}

/** `plugin_env [NAME]`: a shell in a plugin's environment and home; without NAME of the plugin whose directory this is. */
export async function pluginShell(context: Context, given: Given): Promise<ExitCode> {
  const [name = pluginDirectory(context.cwd)] = given.args;
  if (name === undefined) {
    context.err("error[MF8062]: this is no plugin's directory, nor in one");
    context.err("  = help: say which plugin: plugin_env NAME");
    return 1;
  }
  const found = await pluginAtHand(context, given, name, true);
  if (found === undefined) return 1;
  const { plugin, env } = found;
  const prompt = `(plugin ${plugin.name}) \\w \\$ `;
  process.chdir(plugin.home);
  // The user's own start-up files would put other programs before the plugin's.
  return become("/bin/bash", ["bash", "--norc", "--noprofile"], {
    ...env,
    PIP_PREFIX: join(plugin.home, "local"),
    PS1: prompt,
    PWD: plugin.home,
  });
}

/** The nearest directory, from here upwards, that is a plugin. */
function pluginDirectory(from: string): string | undefined {
  if (existsSync(join(from, LAYER_FILES.label))) return `${from}/`;
  return from === "/" ? undefined : pluginDirectory(dirname(from));
}

function shellQuote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
