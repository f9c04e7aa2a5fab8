import type { Cost } from "../config/types.ts";
import { type PluginOptionDoc, pluginOptionDocs } from "./options.ts";

/** The reference page of a plugin's config.ini. */
export function pluginReferencePage(): string {
  const head = [
    "# Options of plugins",
    "",
    "Generated from `src/core/plugin/options.ts`; do not edit.",
    "",
    "A plugin's `config.ini` is overridden key by key by `RT/config/plugins/<plugin>.ini`, and that one by",
    "`/etc/metwork.config.d/<module>/plugins/<plugin>.ini`. Keys that begin with `_` belong to the plugin's author; every other",
    "`[section] key` is the variable `<MODULE>_CURRENT_PLUGIN_SECTION_KEY` in the plugin's processes.",
    "`[custom...]` holds any keys. The last column says what a change costs the part that the section is about; a change of a key",
    "without `_` replaces the plugin's other processes as well, since it is in their environment.",
  ];
  const sections = Map.groupBy(pluginOptionDocs(), (option) => `[${option.section}] of ${option.module}`);
  const tables = [...sections].flatMap(([section, options]) => [
    "",
    `## ${section}`,
    "",
    "| key | default | meaning | may be | a change |",
    "| --- | --- | --- | --- | --- |",
    ...options.map(row),
  ]);
  return `${[...head, ...tables, ...RULES].join("\n")}\n`;
}

const COST: Readonly<Record<Cost, string>> = {
  none: "costs nothing",
  reload: "reloads",
  swap: "replaces workers one by one",
  restart: "restarts",
};

const RULES = [
  "",
  "## [switch_rules...] of mfdata",
  "",
  "`[switch_rules:TYPE:TAG]`, or `[switch_rules@SWITCH:TYPE:TAG]` for another switch plugin; each line `pattern = step, plugin/step*`.",
  "A `*` after a target allows a hard link instead of a copy. In patterns write `@@@@@@` for `=` and `~~~~~~` for `#`.",
  "",
  "| type | tag | matches |",
  "| --- | --- | --- |",
  "| `fnmatch` | yes | the whole value, as a shell pattern |",
  "| `regex` | yes | the beginning of the value, as a Python regular expression |",
  "| `equal` | yes | the same value |",
  "| `notfnmatch`, `notregex`, `notequal` | yes | what the above do not, a missing tag included |",
  "| `alwaystrue` | no | every file |",
  "| `expression` | no | where an expression over the tags holds: `x['latest.guess_file_type.main.size'] > 1000 = main` |",
  "| `python`, `js` | no | what `module.function` of a file of the plugin, or `/dir:module.function`, says |",
  "",
  "[Routing](../guide/routing.md) tells more of expressions and functions.",
];

function row(option: PluginOptionDoc): string {
  const initial = option.initial === undefined ? "required" : `\`${option.initial}\``.replace("``", "empty");
  const unit = option.unit === undefined ? "" : `. In ${option.unit}`;
  const cells = [`\`${option.key}\``, initial, `${option.summary}${unit}.`, option.type, COST[option.cost]];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
