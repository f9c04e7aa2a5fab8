import type { Command } from "./command.ts";

/** Usage of one command, from its declaration. */
export function commandUsage(command: Command): string {
  const args = command.args.map((arg) => {
    const name = arg.variadic === true ? `${arg.name}...` : arg.name;
    return arg.required ? name : `[${name}]`;
  });
  const lines = [
    `usage: metwork ${command.name} [options]${args.length > 0 ? ` ${args.join(" ")}` : ""}`,
    ...(command.aliases.length > 0 ? [`also called: ${command.aliases.join(", ")}`] : []),
    "",
    command.summary,
  ];
  if (command.args.length > 0) lines.push("", ...command.args.map((arg) => row(arg.name, arg.summary)));
  const options = Object.entries(command.options).map(([name, option]) => {
    const short = option.short === undefined ? "" : `-${option.short}, `;
    const value = option.type === "string" ? ` ${option.value ?? "VALUE"}` : "";
    return row(`${short}--${name}${value}`, option.summary);
  });
  return [...lines, "", ...options, row("--json", "machine-readable output"), row("-h, --help", "this text")].join(
    "\n",
  );
}

/** The list of all commands. */
export function programUsage(commands: readonly Command[]): string {
  const rows = [...commands]
    .filter((command) => !command.name.startsWith("_") && command.former !== true)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((command) => row(command.name, command.summary));
  return ["usage: metwork COMMAND [options] [arguments]", "", ...rows, "", "`metwork COMMAND --help` tells more."].join(
    "\n",
  );
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(28)} ${right}`;
}
