import { isPipelineName } from "./claim-name.ts";
import { HIDDEN_PREFIX } from "./names.ts";
import { type StepName, stepKey } from "./types.ts";

const KEY = /^(?<plugin>[A-Za-z0-9_-]+)\.(?<step>[A-Za-z0-9_]+)$/;
const WAITING = "step.";
const RETRY = "_reinject";

/** What a directory of `$IN` holds of a step. */
export type Room = "waiting" | "retrying" | "inWork";

/** A step that nobody runs, and the files it keeps from going on. */
export interface Stranded extends StepName {
  /** In its own directory, and among those that wait for their next try. */
  readonly waiting: number;
  readonly retrying: number;
  /** Claimed: its workers still hold them, or will be asked again once it runs. */
  readonly inWork: number;
  readonly why:
    | "no plugin"
    /** The plugin is installed, and what is in force has no such step: it was renamed, has no process, or its plugin is left out. */
    | "no step"
    /** A built-in step with `numprocesses = 0`. */
    | "no process";
}

/** The step a directory is named by (`<plugin>.<step>`); undefined: it is no step's. */
export function parseStepKey(key: string): StepName | undefined {
  const { plugin, step } = KEY.exec(key)?.groups ?? {};
  return plugin === undefined || step === undefined ? undefined : { plugin, step };
}

/** Whether an entry of such a directory is a file of the pipeline. */
export function counts(room: Room, name: string): boolean {
  return room === "inWork" ? isPipelineName(name) : !name.startsWith(HIDDEN_PREFIX);
}

/**
 * The directories whose files nobody takes. `inData` and `inTmp`: names of the directories in `$IN` and `$IN/tmp`; `steps`: lanes of
 * those in force by key. A step's waiting room for retries is named after it, unless a step has that very name.
 */
export function strandedRooms(
  inData: readonly string[],
  inTmp: readonly string[],
  steps: ReadonlyMap<string, number>,
): readonly { readonly of: StepName; readonly room: Room; readonly directory: string }[] {
  const isRun = (of: StepName): boolean => (steps.get(stepKey(of)) ?? 0) > 0;
  const own = inData.flatMap((directory) => {
    const named = directory.startsWith(WAITING) ? parseStepKey(directory.slice(WAITING.length)) : undefined;
    if (named === undefined) return [];
    const isRetry = named.step.endsWith(RETRY) && named.step !== RETRY && !steps.has(stepKey(named));
    const of = isRetry ? { ...named, step: named.step.slice(0, -RETRY.length) } : named;
    return [{ of, room: isRetry ? "retrying" : "waiting", directory } as const];
  });
  const claims = inTmp.flatMap((name) => {
    const of = parseStepKey(name);
    return of === undefined ? [] : [{ of, room: "inWork", directory: `tmp/${name}` } as const];
  });
  return [...own, ...claims].filter(({ of }) => !isRun(of));
}

/** Why nobody takes the files of a step. */
export function whyStranded(
  step: StepName,
  steps: ReadonlyMap<string, number>,
  installed: ReadonlySet<string>,
): Stranded["why"] {
  if (steps.has(stepKey(step))) return "no process";
  return installed.has(step.plugin) ? "no step" : "no plugin";
}

/** `3 files wait for archive/main, which no plugin has any more`, and what to do about it. */
export function strandedText(stranded: Stranded): { readonly message: string; readonly fix: string } {
  const { plugin, step, waiting, retrying, inWork, why } = stranded;
  const name = `${plugin}/${step}`;
  const all = waiting + retrying + inWork;
  const parts = [
    ...(retrying > 0 ? [`${retrying} of them to be tried again`] : []),
    ...(inWork > 0 ? [`${inWork} in work when it ended`] : []),
  ];
  const reasons = {
    "no plugin": `whose plugin is not installed`,
    "no step": `which ${plugin} has not in force, or without a process`,
    "no process": `which has no process (numprocesses = 0)`,
  } as const;
  const ways = {
    "no plugin": `install ${plugin} again`,
    "no step": `correct [step_${step}] of ${plugin}, or its numprocesses,`,
    "no process": `set numprocesses in [step_${step}] of ${plugin}`,
  } as const;
  return {
    message: `${all} file${all === 1 ? " waits" : "s wait"} for ${name}, ${reasons[why]}${parts.length > 0 ? ` (${parts.join(", ")})` : ""}`,
    fix: `${ways[why]} and they go on; or \`metwork trash put ${name}\` takes them out, to be given to another step or dropped`,
  };
}
