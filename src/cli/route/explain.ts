import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { expressionTags } from "../../core/flow/expression/evaluate.ts";
import { compileRules, type Router, type RouterRule, type RuleAnswer } from "../../core/flow/rules.ts";
import { identify, NOT_FOUND, parseTagsFile, setStepTag, type Tags } from "../../core/flow/tags.ts";
import type { FlowConfig, FlowStep, Target } from "../../core/flow/types.ts";
import { readBeginning } from "../../kit/beginning.ts";
import { openMagic } from "../../kit/linux/magic.ts";
import { RuleHelper } from "../../kit/rule-helper.ts";
import { readTags } from "../../kit/tags.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { regularFile } from "../files/tags.ts";
import { table } from "../print/table.ts";
import { plannedFlow, switchNamed } from "./switches.ts";

/** A rule and what it said, for the table and for `--json`. */
interface Explained {
  readonly plugin: string;
  readonly type: string;
  readonly tag: string;
  readonly pattern: string;
  /** What it looked at. */
  readonly input: string;
  readonly verdict: RuleAnswer["verdict"] | "left out";
  readonly reason?: string;
  readonly targets: readonly string[];
}

/** `metwork route explain`: 0 also when no rule matches. */
export async function explainRoute(context: Context, given: Given): Promise<ExitCode> {
  const [written] = given.args;
  const extra = given.all("tag").map(parseTag);
  if (written === undefined && extra.length === 0) throw new UsageError("give a FILE, or tags with --tag NAME=VALUE");
  const path = written === undefined ? "" : regularFile(context, written);
  const planned = path === undefined ? undefined : await plannedFlow(context);
  const name = given.value("switch") ?? "switch";
  const work = planned === undefined ? undefined : switchNamed(context, planned.flow, name);
  if (path === undefined || planned === undefined || work === undefined) return 1;
  const tags = path === "" ? new Map<string, string>() : await tagsOf(path, planned.flow);
  for (const [tag, value] of extra) tags.set(tag, value);
  const router = compileRules(work.rules);
  const answers = await askPrograms(context, router, planned.flow, path, tags);
  const rules = router.rules.map((rule) => explain(rule, tags, answers));
  const targets = router.route(tags, answers).map(targetText);
  if (context.json) context.out(JSON.stringify({ switch: name, tags: Object.fromEntries(tags), rules, targets }));
  else print(context, name, rules, targets, work.noMatch);
  return 0;
}

function parseTag(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--tag is NAME=VALUE, not \`${text}\``);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The file's own tags, those kept beside it, or those it would have when it came to the switch. */
async function tagsOf(path: string, flow: FlowConfig): Promise<Tags> {
  const beside = `${path}.tags`;
  const { tags } = readTags(path);
  if (existsSync(beside))
    for (const [name, value] of parseTagsFile(readFileSync(beside, "utf8"))) tags.set(name, value);
  identify(tags, { basename: basename(path), directory: basename(dirname(path)) }, () => "0".repeat(32));
  for (const step of flow.steps) {
    if (step.work.do === "guess_file_type" && !tags.has(`latest.${step.plugin}.${step.step}.system_magic`)) {
      await guess(path, tags, step, step.work);
    }
  }
  return tags;
}

async function guess(
  path: string,
  tags: Tags,
  step: FlowStep,
  work: Extract<FlowStep["work"], { readonly do: "guess_file_type" }>,
): Promise<void> {
  const set = (name: string, value: string): void => setStepTag(tags, 0, step, name, value);
  const header = readBeginning(path, Buffer.alloc(Math.max(1, work.headerLength)));
  if (header !== undefined) set("ascii_header", header);
  if (!work.customOnly) set("system_magic", await openMagic(1)(path));
  if (work.customMagic !== undefined) set("custom_magic", await openMagic(1, work.customMagic)(path));
  if (work.sizeTag) set("size", String(statSync(path).size));
}

/** What the rules that are functions say; their programs run only for this. */
async function askPrograms(
  context: Context,
  router: Router,
  flow: FlowConfig,
  path: string,
  tags: Tags,
): Promise<ReadonlyMap<RouterRule, RuleAnswer>> {
  const groups = Map.groupBy(router.asked, ({ spec }) => `${spec.plugin} ${spec.type}`);
  const answered = await Promise.all(
    [...groups].map(async ([key, rules]) => {
      const spec = flow.ruleHelpers?.find(({ plugin, language }) => `${plugin} ${language}` === key);
      if (spec === undefined) return [];
      const helper = new RuleHelper(spec, (message) => context.err(message));
      const patterns = rules.map((rule) => rule.spec.pattern);
      const answers = await helper.ask(path, tags, patterns);
      helper.close();
      return rules.flatMap((rule, index) => {
        const answer = answers[index];
        return answer === undefined ? [] : [[rule, answer] as const];
      });
    }),
  );
  return new Map(answered.flat());
}

function explain(rule: RouterRule, tags: Tags, answers: ReadonlyMap<RouterRule, RuleAnswer>): Explained {
  const { spec, problem, test } = rule;
  const answer: RuleAnswer = answers.get(rule) ?? { verdict: test?.(tags) === true ? "yes" : "no" };
  const reason = problem ?? answer.reason;
  return {
    plugin: spec.plugin,
    type: spec.type,
    tag: spec.tag,
    pattern: spec.pattern,
    input: problem === undefined ? inputOf(rule, tags) : "",
    verdict: problem === undefined ? answer.verdict : "left out",
    ...(reason !== undefined && { reason }),
    targets: spec.targets.map(targetText),
  };
}

function inputOf({ spec }: RouterRule, tags: Tags): string {
  const shown = (name: string): string => tags.get(name) ?? NOT_FOUND;
  if (spec.tag !== "") return shown(spec.tag);
  if (spec.type === "expression") {
    return expressionTags(spec.pattern)
      .map((name) => `${name} = ${shown(name)}`)
      .join(", ");
  }
  return spec.type === "alwaystrue" ? "" : "the file and its tags";
}

function targetText(target: Target): string {
  const priority = target.priority === undefined ? "" : `!${target.priority}`;
  return `${target.plugin}/${target.step}${target.hardlink ? "*" : ""}${priority}`;
}

function print(
  context: Context,
  name: string,
  rules: readonly Explained[],
  targets: readonly string[],
  noMatch: string,
): void {
  const rows = rules.map(({ plugin, type, tag, pattern, input, verdict, reason, targets: to }) => [
    plugin,
    tag === "" ? type : `${type} ${tag}`,
    ownName(pattern),
    short(input),
    reason === undefined ? verdict : `${verdict}: ${reason}`,
    to.join(", "),
  ]);
  context.out(
    table(`Rules of ${name} (${rules.length})`, ["Plugin", "Rule", "Pattern", "Input", "Verdict", "Targets"], rows),
  );
  context.out(targets.length === 0 ? `no rule matches: ${noMatch}` : `goes to ${targets.join(", ")}`);
}

/** A function of a plugin without the directory, which would fill the line. */
function ownName(pattern: string): string {
  return pattern.replace(/^\/.*:(?=[\w.]+$)/, "");
}

function short(text: string): string {
  const plain = JSON.stringify(text).slice(1, -1);
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain;
}
