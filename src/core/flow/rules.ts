import { glob, type Matches, pythonRegex } from "./pattern.ts";
import { NOT_FOUND, type Tags } from "./tags.ts";
import { type StepName, type SwitchRuleSpec, stepKey } from "./types.ts";

/** A step a file goes to, and whether it may share its content with the others' by a hard link. */
export interface Target extends StepName {
  readonly hardlink: boolean;
}

export interface RuleProblem {
  readonly rule: SwitchRuleSpec;
  readonly message: string;
}

/** Compiled switch rules: all of them are asked, their targets add up. */
export interface Router {
  route(tags: Tags): readonly Target[];
  /** Rules that never match because they cannot be used; the others are not affected. */
  readonly problems: readonly RuleProblem[];
}

type Test = (tags: Tags) => boolean;

/** Compiles the rules of one switch. A bad rule is a problem of its own, never of the others. */
export function compileRules(rules: readonly SwitchRuleSpec[]): Router {
  const problems: RuleProblem[] = [];
  const compiled: { readonly test: Test; readonly targets: readonly Target[] }[] = [];
  for (const rule of rules) {
    const test = compileTest(rule);
    if (typeof test === "string") problems.push({ rule, message: test });
    else compiled.push({ test, targets: rule.targets });
  }
  return {
    problems,
    route: (tags) => merge(compiled.filter((rule) => rule.test(tags)).flatMap((rule) => rule.targets)),
  };
}

/** One delivery per step; it may be a hard link only if every rule that names it says so. */
function merge(targets: readonly Target[]): readonly Target[] {
  if (targets.length < 2) return targets;
  const merged = new Map<string, Target>();
  for (const target of targets) {
    const known = merged.get(stepKey(target));
    if (known === undefined || (known.hardlink && !target.hardlink)) merged.set(stepKey(target), target);
  }
  return [...merged.values()];
}

function compileTest(rule: SwitchRuleSpec): Test | string {
  const { tag, pattern } = rule;
  const on =
    (matches: Matches, wanted: boolean): Test =>
    (tags) =>
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
      return matches === undefined ? `\`${pattern}\` is no regular expression` : on(matches, rule.type === "regex");
    }
    case "python":
      return `the python rule \`${pattern}\` is not run by this version; it matches nothing`;
  }
}
