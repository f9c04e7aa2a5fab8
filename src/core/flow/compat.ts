import type { FlowConfig, SwitchRuleSpec } from "./types.ts";

/**
 * The predecessor's `directory_observer.ini`, for whoever looks at it: a section per watched directory and step. The
 * pipeline itself reads flow.json.
 */
export function directoryObserverIni(config: FlowConfig): string {
  const common = [
    "[common]",
    `forced_poll=${config.forcedPollS}`,
    `poll_queue_limit=${config.pollQueueLimit}`,
    `redis_unix_socket_path=${config.redisSocket}`,
    `ignore=${config.ignore.join(";")}`,
  ];
  const indexes = new Map<string, number>();
  const sections = config.watched.flatMap(({ directory, steps }) =>
    steps.map((key) => {
      const index = (indexes.get(key) ?? 0) + 1;
      indexes.set(key, index);
      const name = `step_${key.replace(".", "_")}_${index}`;
      return [`[${name}]`, "active=true", `directory=${directory}`, `queue=step.${key}`];
    }),
  );
  return [common, ...sections].map((lines) => `${lines.join("\n")}\n`).join("\n");
}

/** The predecessor's `plugin_<switch>_rules.ini` files, by the switch's name: its rules as one ini, in order. */
export function switchRulesInis(config: FlowConfig): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { plugin, work } of config.steps) if (work.do === "switch") files.set(plugin, rulesIni(work.rules));
  return files;
}

function rulesIni(rules: readonly SwitchRuleSpec[]): string {
  const sections = new Map<string, string[]>();
  for (const rule of rules) {
    const header = `[switch_rules_${rule.plugin}:${rule.type}${rule.tag === "" ? "" : `:${rule.tag}`}]`;
    const targets = rule.targets
      .map(
        (to) => `${to.plugin}/${to.step}${to.hardlink ? "*" : ""}${to.priority === undefined ? "" : `!${to.priority}`}`,
      )
      .join(", ");
    const pattern = rule.pattern.replaceAll("=", "@@@@@@").replaceAll("#", "~~~~~~");
    sections.set(header, [...(sections.get(header) ?? []), `${pattern} = ${targets}`]);
  }
  return [...sections].map(([header, lines]) => `${header}\n${lines.join("\n")}\n`).join("\n");
}
