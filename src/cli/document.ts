import type { Command } from "./command.ts";

const INTRO = `# Commands

Written by \`make docs\` from the commands' declarations. \`metwork COMMAND --help\` says the same of one command.

Data goes to standard output, everything else to standard error; \`--json\` makes the data machine-readable. Exit codes: 0 done,
1 refused with the reasons, 2 wrong usage, 3 it did not work and everything is as before, 4 it needs hands, 5 changes are pending
(\`plan --quiet\`), 70 a bug. What a command says below comes first.

Where MODULE is not given, the one of \`--module\` is meant, or that of the caller's environment (\`mfserv_wrapper\`).
`;

const HEAD = "| command | what it does |\n| --- | --- |";

const FORMER = `
## Names of the predecessor

Scripts of operators, crontabs and Makefiles of plugins call them; whoever begins today needs none. \`NAME --help\` tells their options.
Those that are gone end with 2 and say what does their work.
`;

/** The reference of all commands, in Markdown. */
export function commandReference(commands: readonly Command[]): string {
  const sorted = [...commands].sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = sorted.filter(({ name, former }) => !name.startsWith("_") && former !== true);
  const rows = shown.map(({ name, summary }) => `| [\`${name}\`](#${anchor(name)}) | ${cell(summary)} |`);
  const kept = sorted.filter(({ former }) => former === true);
  const former = kept.map(({ name, summary }) => `| \`${name}\` | ${cell(summary)} |`);
  const table = [HEAD, ...rows].join("\n");
  return `${[INTRO.trimEnd(), table, ...shown.map(section), FORMER.trim(), [HEAD, ...former].join("\n")].join("\n\n")}\n`;
}

function section(command: Command): string {
  const words = command.args.map(({ name, required, variadic }) => {
    const word = variadic === true ? `${name}...` : name;
    return required ? word : `[${word}]`;
  });
  const options = Object.entries(command.options).map(([name, option]) => {
    const short = option.short === undefined ? "" : `\`-${option.short}\`, `;
    const value = option.type === "string" ? ` ${option.value ?? "VALUE"}` : "";
    return `- ${short}\`--${name}${value}\`: ${option.summary}${option.multiple === true ? " (may be repeated)" : ""}`;
  });
  const parts = [
    `## ${command.name}`,
    `\`\`\`\nmetwork ${[command.name, "[options]", ...words].join(" ")}\n\`\`\``,
    command.summary,
    ...(command.aliases.length > 0 ? [`Also called ${command.aliases.map((name) => `\`${name}\``).join(", ")}.`] : []),
    ...list(command.args.map(({ name, summary }) => `- \`${name}\`: ${summary}`)),
    ...list(options),
  ];
  return parts.join("\n\n");
}

function list(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function anchor(name: string): string {
  return name.toLowerCase().replaceAll(" ", "-");
}
