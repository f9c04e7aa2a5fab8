import { basename } from "node:path";
import { type FlowStep, stepKey } from "../../core/flow/types.ts";
import type { TrialOutput, Tried } from "../../flow/trial.ts";
import type { Ending } from "../../flow/types.ts";
import type { Context, ExitCode } from "../command.ts";

export interface TrialReport {
  readonly step: FlowStep;
  readonly tried: readonly Tried[];
  readonly outputs: readonly TrialOutput[];
  /** Lines, oldest first. */
  readonly log: readonly string[];
}

type Tags = ReadonlyMap<string, string>;

/** Says what a step did with files; 1 when it failed on one. */
export function reportTrial(context: Context, report: TrialReport): ExitCode {
  if (context.json) context.out(JSON.stringify(asJson(report)));
  else print(context, report);
  return report.tried.every(({ ending }) => isGood(ending)) ? 0 : 1;
}

function print(context: Context, { step, tried, outputs, log }: TrialReport): void {
  const name = stepKey(step).replace(".", "/");
  for (const { file, before, after, ending, tookMs } of tried) {
    context.out(`${name} ${basename(file)}: ${describe(ending, step)} (${tookMs.toFixed(0)} ms)`);
    for (const line of changes(before, after)) context.out(`  ${line}`);
  }
  for (const { to, path, size } of outputs) context.out(`output to ${to}: ${size} bytes, ${path}`);
  if (log.length > 0) context.out(["log:", ...log.map((line) => `  ${line}`)].join("\n"));
}

function asJson({ step, tried, outputs, log }: TrialReport): object {
  return {
    step: stepKey(step).replace(".", "/"),
    files: tried.map(({ file, before, after, ending, tookMs }) => ({
      file,
      ok: isGood(ending),
      ending,
      tookMs,
      tags: { before: Object.fromEntries(before), after: Object.fromEntries(after) },
    })),
    outputs: outputs.map((output) => ({ ...output, tags: Object.fromEntries(output.tags) })),
    log,
  };
}

function isGood({ is }: Ending): boolean {
  return is === "passed" || is === "stored" || is === "removed" || is === "unmatched";
}

function describe(ending: Ending, { onFailure, retry }: FlowStep): string {
  switch (ending.is) {
    case "passed":
      return "done, sent on";
    case "stored":
      return "done, put outside the pipeline";
    case "removed":
      return "done, removed";
    case "unmatched":
      return `no rule wants it (${ending.policy})`;
    case "returned":
      return "FAILED: its program died with the file in its hands";
    case "stuck":
    case "retried":
    case "buried": {
      const tries = retry === undefined ? "" : `tried again up to ${retry.total} times, then `;
      return `FAILED: ${ending.reason} (in the pipeline: ${tries}failure_policy = ${onFailure.do})`;
    }
  }
}

/** A line per tag that was set, changed or taken off, sorted. */
function changes(before: Tags, after: Tags): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === now) return [];
    if (old === undefined) return [`+ ${name} = ${now}`];
    return now === undefined ? [`- ${name} = ${old}`] : [`~ ${name} = ${now} (was ${old})`];
  });
}
