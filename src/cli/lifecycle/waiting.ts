import { type FlowConfig, stepKey } from "../../core/flow/types.ts";
import type { Action } from "../../core/plan/types.ts";
import { listDirectory } from "../../kit/fs.ts";

/** A step that a change concerns, and how many files wait for it now. */
export interface Waiting {
  readonly step: string;
  readonly directory: string;
  readonly files: number;
}

/** The steps whose work differs between two texts of `flow.json`, or whose service is acted on, with their queued files. */
export function filesTouched(
  before: string | undefined,
  after: string | undefined,
  actions: readonly Action[],
): readonly Waiting[] {
  const old = before === undefined ? undefined : (JSON.parse(before) as FlowConfig);
  const next = after === undefined ? undefined : (JSON.parse(after) as FlowConfig);
  const known = new Map([...(old?.steps ?? []), ...(next?.steps ?? [])].map((step) => [stepKey(step), step]));
  const concerned = [...known.keys()].filter((key) => {
    const workOf = (flow: FlowConfig | undefined): string =>
      JSON.stringify(flow?.steps.find((one) => stepKey(one) === key));
    return workOf(old) !== workOf(next) || actions.some(({ service }) => service === `step.${key}`);
  });
  const watched = new Map([...(old?.watched ?? []), ...(next?.watched ?? [])].map((one) => [one.directory, one.steps]));
  return concerned.sort().flatMap((step) =>
    [...watched].flatMap(([directory, steps]) => {
      if (!steps.includes(step)) return [];
      const listed = listDirectory(directory);
      const files = listed.ok ? listed.entries.filter(({ kind }) => kind === "file").length : 0;
      return [{ step, directory, files }];
    }),
  );
}
