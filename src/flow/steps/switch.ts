import { compileRules, type RouterRule, type RuleAnswer, type Target } from "../../core/flow/rules.ts";
import { TAG, type Tags } from "../../core/flow/tags.ts";
import type { StepName, StepWork } from "../../core/flow/types.ts";
import { keepFile, removeFile } from "../engine/failure.ts";
import { printable, type StepLog } from "../tell/log.ts";
import type { FlowFile, Outcome, StepContext, StepWorker } from "../types.ts";
import { deliverTo } from "./copy.ts";

type Work = Extract<StepWork, { readonly do: "switch" }>;

/** Asks the program of one plugin and language; an answer for each rule, in order. */
export type AskRules = (rules: readonly RouterRule[], path: string, tags: Tags) => Promise<readonly RuleAnswer[]>;

const NO_ANSWER: RuleAnswer = { verdict: "unknown", reason: "no program answers for it" };

export interface SwitchPlaces {
  /** `$IN/trash/<switch>.nomatch`. */
  readonly noMatch: string;
  /** Where a step's files wait. */
  readonly waiting: (target: StepName) => string;
  readonly ask: AskRules;
}

/** Sends each file to every step whose rules match. One target: a rename; several: copies or hard links. */
export function switchStep(work: Work, places: SwitchPlaces, log: StepLog): StepWorker {
  const router = compileRules(work.rules);
  for (const { spec, problem } of router.rules) {
    if (problem !== undefined) log.warning(`a switch rule of ${spec.plugin} is left out: ${problem}`);
  }
  const go = (
    file: FlowFile,
    from: string,
    targets: readonly Target[],
    context: StepContext,
  ): Outcome | Promise<Outcome> => {
    context.log.info(`${targets.length} actions matched for ${printable(file.tags.get(TAG.basename) ?? from)}`);
    if (targets.length === 0) return noMatch(file, from, work, places, context.commit);
    return deliverTo(file, from, targets, { waiting: places.waiting, sent: context.sent, commit: context.commit });
  };
  return (file, context): Outcome | Promise<Outcome> => {
    const from = file.path;
    if (from === undefined) return { do: "failed", reason: "it is gone" };
    if (router.asked.length === 0) return go(file, from, router.route(file.tags), context);
    return askAll(router.asked, file, from, places.ask).then((answers) => {
      const targets = router.route(file.tags, answers);
      const silent = [...answers].find(([, { verdict }]) => verdict === "unknown");
      // Without a match it could be that rule's file: it must not go the way of those nobody wants.
      if (targets.length === 0 && silent !== undefined) {
        return { do: "failed", reason: `no rule matched, and ${silent[0].spec.pattern} gave no answer` };
      }
      return go(file, from, targets, context);
    });
  };
}

/** What the rules that are functions say of a file; each plugin's program is asked at once. */
async function askAll(
  rules: readonly RouterRule[],
  file: FlowFile,
  from: string,
  ask: AskRules,
): Promise<ReadonlyMap<RouterRule, RuleAnswer>> {
  const groups = Map.groupBy(rules, ({ spec }) => `${spec.plugin} ${spec.type}`);
  const answered = [...groups.values()].map(async (group) => {
    const answers = await ask(group, from, file.tags);
    return group.map((rule, index) => [rule, answers[index] ?? NO_ANSWER] as const);
  });
  return new Map((await Promise.all(answered)).flat());
}

function noMatch(
  file: FlowFile,
  from: string,
  work: Work,
  places: SwitchPlaces,
  commit: StepContext["commit"],
): Outcome | Promise<Outcome> {
  const unmatched = (path?: string): Outcome => {
    return { do: "done", how: { is: "unmatched", policy: work.noMatch, ...(path !== undefined && { path }) } };
  };
  if (work.noMatch === "delete") {
    removeFile(file, from);
    return unmatched();
  }
  const name = file.tags.get(work.noMatchOriginalName ? TAG.basename : TAG.uid);
  const kept = keepFile(file, from, places.noMatch, name, commit);
  return typeof kept === "string" ? unmatched(kept) : kept.then(unmatched);
}
