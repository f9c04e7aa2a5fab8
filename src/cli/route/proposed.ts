import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import { switchRule } from "../../core/flow/config.ts";
import type { SwitchRuleSpec } from "../../core/flow/types.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { mergePluginConfig } from "../../core/plugin/config.ts";
import { currentPlugin } from "../../core/plugin/environment.ts";
import { readRules } from "../../core/plugin/rules.ts";
import { type Context, UsageError } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** Rules that are proposed for a plugin, all switches'. */
export interface Proposal {
  readonly plugin: string;
  readonly rules: readonly (SwitchRuleSpec & { readonly switch: string })[];
}

/** Reads the rules of a config.ini. Undefined, and said why, when they are wrong. */
export function readProposal(
  context: Context,
  written: string,
  asked: string | undefined,
  input: PlanInput,
): Proposal | undefined {
  const file = resolve(context.cwd, written);
  if (!existsSync(file)) {
    context.err(`error[MF8071]: there is no file ${written}`);
    context.err("  = help: give a copy of the plugin's config.ini with the rules you propose");
    return undefined;
  }
  const name = asked ?? ownerOf(file, input);
  if (name === undefined) throw new UsageError("whose rules are they? say --plugin NAME");
  const plugin = input.plugins.find((one) => one.name === name);
  const home = plugin?.home ?? dirname(file);
  const notes: Diagnostic[] = [];
  const variables = { ...input.config.env, ...currentPlugin({ name, label: plugin?.label ?? "", home }, input.paths) };
  const texts = [{ origin: "package", file, read: { ok: true, text: readFileSync(file, "utf8") } }] as const;
  const sections = mergePluginConfig(texts, home, input.config.configurationName, variables, notes);
  const rules = [...sections.values()]
    .filter((section) => section.name.startsWith("switch_rules"))
    .flatMap((section) => readRules(section, name, notes));
  printDiagnostics(context, notes);
  if (hasErrors(notes)) return undefined;
  return { plugin: name, rules: rules.map((rule) => ({ ...switchRule(rule, home), switch: rule.switch })) };
}

/** The plugin in whose directory the file is, or whose override it is. */
function ownerOf(file: string, { plugins }: PlanInput): string | undefined {
  const label = join(dirname(file), ".layerapi2_label");
  if (existsSync(label)) return /^plugin_(.+)@/.exec(readFileSync(label, "utf8").trim())?.[1];
  return plugins.find(({ name }) => basename(file) === `${name}.ini`)?.name;
}
