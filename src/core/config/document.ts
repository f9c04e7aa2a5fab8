import type { Option, OptionSection } from "./option.ts";
import type { Cost } from "./types.ts";
import { text } from "./value-types.ts";

const WIDTH = 100;

/** The `config.ini` a module ships: every option with its default, under what it means. */
export function defaultsFile(module: string, sections: readonly OptionSection[]): string {
  const head = [
    `# The options of ${module} and their defaults. Do not edit: an update replaces this file. Your changes go to`,
    `# config/config.ini in the module's runtime home, an administrator's to /etc/metwork.config.d/${module}/config.ini.`,
    "#",
    "# `key[NAME] = value` is the value where the configuration is called NAME (MFCONFIG, /etc/metwork.config).",
    "# `{{NAME}}` in a value stands for that variable of the module's environment.",
    "",
  ];
  const body = sections.flatMap((section) => [
    "",
    ...comment(section.text),
    `[${section.name}]`,
    ...section.options.flatMap(lines),
  ]);
  return `${[...head, ...body.slice(1)].join("\n")}\n`;
}

/** One section of a plugin's `config.ini`, every option with its default under what it means. */
export function sectionText(section: OptionSection): string {
  return `${[...comment(section.text), `[${section.name}]`, ...section.options.flatMap(lines)].join("\n")}\n`;
}

function lines(option: Option): readonly string[] {
  if (option.key.endsWith("*")) return [];
  const type = `${sentence(option.type.label)}${unset(option) === "" ? "" : `; ${unset(option)}`}.`;
  return [
    "",
    ...comment(`${option.text}${unitOf(option)}`),
    ...(option.type === text ? [] : comment(type)),
    `${option.key} = ${option.default}`.trimEnd(),
  ];
}

/** The reference page of a module's options. */
export function referencePage(module: string, sections: readonly OptionSection[]): string {
  const head = [
    `# Options of ${module}`,
    "",
    `Generated from \`src/core/module/options/\`; do not edit. What wins over what, and how to see it: \`metwork config explain ${module} KEY\`.`,
    "",
    `An option \`[section] key\` is the variable \`${module.toUpperCase()}_SECTION_KEY\` in every process of the module.`,
    "The last column says what a change costs the module's own services. Plugins' processes are replaced by a change of any option,",
    "since they have all of them in their environment: workers of apps one by one, without a lost request, others by a restart.",
  ];
  const tables = sections.flatMap((section) => [
    "",
    `## [${section.name}]`,
    "",
    section.text,
    "",
    "| key | default | meaning | may be | a change |",
    "| --- | --- | --- | --- | --- |",
    ...section.options.map(row),
  ]);
  return `${[...head, ...tables].join("\n")}\n`;
}

const COST: Readonly<Record<Cost, string>> = {
  none: "costs nothing",
  reload: "reloads",
  swap: "replaces workers one by one",
  restart: "restarts",
};

function row(option: Option): string {
  const allowed = [option.type.label, unset(option)].filter((text) => text !== "").join("; ");
  const cells = [code(option.key), code(option.default), `${option.text}${unitOf(option)}`, allowed, COST[option.cost]];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function unset({ type }: Option): string {
  return type.unset.length === 0 ? "" : `${type.unset.join(" or ")}: not set`;
}

function unitOf({ unit }: Option): string {
  return unit === undefined ? "" : ` In ${unit}.`;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Comment lines of at most WIDTH characters, broken between words. */
function comment(text: string): readonly string[] {
  const wrapped: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH && line !== "#") {
      wrapped.push(line);
      line = "#";
    }
    line += ` ${word}`;
  }
  return [...wrapped, line];
}
