import { isProgrammed } from "../../flow/rules.ts";
import type { FlowConfig, RuleHelperSpec } from "../../flow/types.ts";
import { pluginEnvironment } from "../../plugin/environment.ts";
import type { Plugin } from "../../plugin/types.ts";
import type { PlanInput } from "../input.ts";
import { NODE_FLAGS } from "./own.ts";

/** The programs that answer for rules written as functions: one a plugin and language, in the plugin's environment. */
export function planRuleHelpers(
  flow: Pick<FlowConfig, "steps">,
  input: PlanInput,
  plugins: readonly Plugin[],
): readonly RuleHelperSpec[] {
  const rules = flow.steps.flatMap(({ work }) => (work.do === "switch" ? work.rules : []));
  const { paths, config, layers, programs } = input;
  const others = new Map(plugins.map((plugin) => [plugin.label, plugin]));
  const argvs = {
    python: [programs.python3 ?? "python3", "-u", `${paths.root}/layers/python3/lib/metwork_rules/helper.py`],
    js: [programs.node, ...NODE_FLAGS, `${paths.root}/src/main/js_rules.ts`],
  } as const;
  return plugins.flatMap((plugin) => {
    const languages = (["python", "js"] as const).filter((language) =>
      rules.some((rule) => rule.plugin === plugin.name && isProgrammed(rule) && rule.type === language),
    );
    if (languages.length === 0) return [];
    const own = pluginEnvironment(plugin, [...plugins.map(({ layer }) => layer), ...layers], config.env, paths, others);
    return languages.map((language) => ({
      plugin: plugin.name,
      language,
      argv: argvs[language],
      cwd: plugin.home,
      env: { ...config.env, ...own, METWORK_RULES_HOME: plugin.home },
    }));
  });
}
