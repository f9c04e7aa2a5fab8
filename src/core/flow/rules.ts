import { compileExpression } from "./expression/evaluate.ts";
import { glob } from "./pattern.ts";
import { type Matches, pythonRegex } from "./regex.ts";
import { NOT_FOUND } from "./tags.ts";
import { type SwitchRuleSpec, stepKey, type Target } from "./types.ts";

/** The tags of a file, as far as rules need them. */
export type TagLookup = Pick<ReadonlyMap<string, string>, "get">;

export type { Target };

/** `unknown`: it was asked and gave no answer. */
export type Verdict = "yes" | "no" | "unknown";

/** What a rule said of a file, and why, where that is not plain. */
export interface RuleAnswer {
  readonly verdict: Verdict;
  readonly reason?: string;
}

/** A rule as the router asks it. */
export interface RouterRule {
  readonly spec: SwitchRuleSpec;
  /** Why it cannot be used: it matches nothing, and the others are not affected. */
  readonly problem?: string;
  /** Absent: a program must be asked. */
  readonly test?: (tags: TagLookup) => boolean;
}

/** Compiled switch rules: all of them are asked, their targets add up. */
export interface Router {
  readonly rules: readonly RouterRule[];
  /** Those whose answers the caller has to bring. */
  readonly asked: readonly RouterRule[];
  /** Where a file goes; `answered` says what the rules of `asked` said, absent ones say no. */
  route(tags: TagLookup, answered?: ReadonlyMap<RouterRule, RuleAnswer>): readonly Target[];
}

/** Compiles the rules of one switch. A bad rule is a problem of its own, never of the others. */
export function compileRules(specs: readonly SwitchRuleSpec[]): Router {
  const rules = specs.map((spec): RouterRule => {
    if (isProgrammed(spec)) return { spec };
    const test = compileTest(spec);
    return typeof test === "string" ? { spec, problem: test } : { spec, test };
  });
  const usable = rules.filter(({ problem }) => problem === undefined);
  return {
    rules,
    asked: usable.filter(({ test }) => test === undefined),
    route: (tags, answered) => {
      const says = (rule: RouterRule): boolean => rule.test?.(tags) ?? answered?.get(rule)?.verdict === "yes";
      return mergeTargets(usable.filter(says).flatMap(({ spec }) => spec.targets));
    },
  };
}

/** Whether a rule is a function of the plugin's, which a process of its own answers for. */
export function isProgrammed({ type }: Pick<SwitchRuleSpec, "type">): boolean {
  return type === "python" || type === "js";
}

/** One delivery per step; it may be a hard link only if every rule that names it says so, and the highest priority counts. */
export function mergeTargets(targets: readonly Target[]): readonly Target[] {
  if (targets.length < 2) return targets;
  const merged = new Map<string, Target>();
  for (const target of targets) {
    const known = merged.get(stepKey(target));
    merged.set(stepKey(target), known === undefined ? target : mergeTwo(known, target));
  }
  return [...merged.values()];
}

function mergeTwo(a: Target, b: Target): Target {
  const chosen = a.hardlink && !b.hardlink ? b : a;
  const priority = Math.max(a.priority ?? 0, b.priority ?? 0);
  return priority === (chosen.priority ?? 0) ? chosen : { ...chosen, priority };
}

/** A text says why the rule cannot be used. */
function compileTest(rule: SwitchRuleSpec): ((tags: TagLookup) => boolean) | string {
  const { tag, pattern } = rule;
  const on =
    (matches: Matches, wanted: boolean) =>
    (tags: TagLookup): boolean =>
      matches(tags.get(tag) ?? NOT_FOUND) === wanted;
  switch (rule.type) {
    case "alwaystrue":
      return () => true;
    case "equal":
    case "notequal":
      return on((value) => value === pattern, rule.type === "equal");
    case "fnmatch":
    case "notfnmatch":
      return on(glob(pattern), rule.type === "fnmatch");
    case "regex":
    case "notregex": {
      const matches = pythonRegex(pattern);
      return typeof matches === "string" ? matches : on(matches, rule.type === "regex");
    }
    case "expression":
      try {
        return compileExpression(pattern);
      } catch (error) {
        return `\`${pattern}\` is no expression: ${error instanceof Error ? error.message : String(error)}`;
      }
    case "python":
    case "js":
      return "a program answers for it";
  }
}
